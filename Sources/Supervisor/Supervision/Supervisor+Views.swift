import Nouns

/// What anyone may know.
extension Supervisor {
    /// All instances, in order; those that never ran, too.
    package var instances: [InstanceView] {
        var ids = Set(known.keys)
        for kind in services { ids.insert(InstanceID(.shared, kind)) }
        let kinds = settings.kinds.keys.filter { settings.kinds[$0]!.scope == .project }
        for (project, entry) in registry where !entry.isWithdrawn {
            for kind in kinds { ids.insert(InstanceID(project, kind)) }
        }
        return ids.sorted().compactMap { instance($0) }
    }

    package func instance(_ id: InstanceID) -> InstanceView? {
        guard let instance = known[id] else {
            guard isAllowed(id) else { return nil }
            return view(of: Instance(id, since: registry[id.project]?.since ?? now))
        }
        return view(of: instance)
    }

    private func view(of instance: Instance) -> InstanceView {
        let nextAttempt: Instant?
        switch instance.state {
        case .backoff(let until), .quarantined(let until): nextAttempt = until
        default: nextAttempt = nil
        }
        return InstanceView(
            instance: instance.id, desired: desired(of: instance), observed: instance.state.observed,
            reason: instance.hold?.command == nil && instance.hold != nil ? "held for a backup" : instance.reason,
            isHeld: instance.hold != nil, incarnation: instance.run?.incarnation,
            generation: instance.listener?.generation, port: instance.listener?.port, since: instance.since,
            restarts: instance.restarts, lastExit: instance.lastExit, lastExitAt: instance.lastExitAt,
            nextAttempt: nextAttempt, leases: instance.leases.count, waiters: instance.waiters.count,
            isBusy: instance.run?.isBusy ?? false, isWatched: instance.run?.watchdog != nil,
            leaving: instance.leavers.count)
    }

    private func desired(of instance: Instance) -> InstanceView.Desired {
        if instance.isDisabled { return .disabled }
        if isShuttingDown || !isAllowed(instance.id) { return .asleep }
        switch instance.state {
        case .starting, .serving, .backoff, .quarantined: return .serving
        case .stopping(_, let aim, _) where aim != .down: return .serving
        case .stopping, .draining, .asleep, .disabled:
            let isWaitedFor = !instance.waiters.isEmpty || !instance.starters.isEmpty
            return instance.id.project.isShared || isWaitedFor ? .serving : .asleep
        }
    }

    /// What a restarted supervisor must know of the instance now; equals the last `record` of it after each event.
    package func record(_ id: InstanceID) -> InstanceRecord? { known[id]?.record }

    package var ports: PortsView {
        PortsView(
            range: portPool.range, held: portPool.heldCount, free: portPool.freeCount,
            taken: portPool.takenPorts.sorted())
    }

    /// Those that are declared and not withdrawn, in order.
    package var projects: [ProjectID] { registry.filter { !$0.value.isWithdrawn }.keys.sorted() }

    /// What there is of it, in figures; looks at every instance that is known.
    package var counts: CountsView {
        var counts = CountsView(projects: registry.count)
        var awake: Set<ProjectID> = []
        for instance in known.values {
            switch instance.state.observed {
            case .backoff: counts.backingOff += 1
            case .quarantined: counts.quarantined += 1
            case .starting, .serving, .draining, .stopping:
                if instance.id.project.isShared { counts.services += 1 } else { awake.insert(instance.id.project) }
            case .asleep, .disabled: break
            }
        }
        counts.projectsAwake = awake.count
        return counts
    }

    /// Blank processes ready to take a project over.
    package var warmCount: Int { warm.values.reduce(0) { $0 + $1.readyCount } }
}
