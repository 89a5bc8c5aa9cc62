import Nouns

/// Kinds that need other kinds: who starts before whom, who stops after whom, who restarts with whom.
extension Supervisor {
    /// The instances that this one needs.
    func needs(of id: InstanceID) -> [InstanceID] {
        kind(id).needs.map { need in
            settings.kinds[need]?.scope == .service ? InstanceID(.shared, need) : InstanceID(id.project, need)
        }
    }

    /// The known instances that need this one. For a service these may be many.
    func instances(needing id: InstanceID) -> [InstanceID] {
        var found: [InstanceID] = []
        for kind in dependents[id.kind] ?? [] {
            if settings.kinds[kind]?.scope == .service || !id.project.isShared {
                let dependent = InstanceID(id.project, kind)
                if known[dependent] != nil { found.append(dependent) }
            } else {
                found += known.keys.filter { $0.kind == kind && !$0.project.isShared }.sorted()
            }
        }
        return found
    }

    /// Whether something of the project counts on this instance. Services are always up and never asked.
    func isNeeded(_ id: InstanceID) -> Bool {
        (dependents[id.kind] ?? []).contains {
            known[InstanceID(id.project, $0)]?.state.countsOnNeeds == true
        }
    }

    /// Whether this one must wait with its end until others have ended.
    func mustOutlive(_ id: InstanceID) -> Bool {
        if isShuttingDown, id.project.isShared, !areProjectsDown { return true }
        return (dependents[id.kind] ?? []).contains {
            known[InstanceID(id.project, $0)]?.state.hasProcess == true
        }
    }

    func areNeedsServing(_ id: InstanceID) -> Bool {
        kind(id).needs.isEmpty || needs(of: id).allSatisfy { isServing($0) }
    }

    func isServing(_ id: InstanceID) -> Bool {
        if case .serving = known[id]?.state { true } else { false }
    }

    mutating func touchNeeds(of id: InstanceID) {
        guard !kind(id).needs.isEmpty else { return }
        for need in needs(of: id) { touch(need) }
    }

    mutating func touchWaiting(for id: InstanceID) {
        guard dependents[id.kind] != nil, !waitingForNeeds.isEmpty else { return }
        if id.project.isShared {
            for waiting in waitingForNeeds.sorted() where needs(of: waiting).contains(id) { touch(waiting) }
        } else {
            for kind in dependents[id.kind] ?? [] { touch(InstanceID(id.project, kind)) }
        }
    }

    /// `rest_for_one`: what was built on a process that is gone is built anew.
    mutating func restartDependents(of id: InstanceID) {
        guard dependents[id.kind] != nil else { return }
        for dependent in instances(needing: id) {
            dismissRelief(dependent)
            switch known[dependent]!.state {
            case .serving(let run), .starting(.process(let run, _), _):
                terminate(dependent, run, .restart, "\(id.kind), which it needs, restarts")
            default: break
            }
        }
    }

    /// Why this instance cannot start at all for now: something it needs is down for longer.
    func faultOfNeeds(of id: InstanceID) -> Fault? {
        for need in needs(of: id) {
            if let fault = faultOfBeingDown(need) { return fault }
            if case .starting(.needs, _) = known[need]?.state, let fault = faultOfNeeds(of: need) { return fault }
        }
        return nil
    }

    /// The answer to those who want an instance that is kept down, or nil when waiting makes sense.
    func faultOfBeingDown(_ id: InstanceID) -> Fault? {
        guard let instance = known[id] else { return nil }
        if instance.isDisabled { return .disabled(id) }
        switch instance.state {
        case .quarantined(let until): return .quarantined(id, nextAttempt: now.duration(to: until))
        case .starting where instance.crashes.isQuarantined:
            return .quarantined(id, nextAttempt: min(kind(id).startTimeout, .seconds(1)))
        case .stopping(_, .crash, _) where instance.crashes.isQuarantined:
            return .quarantined(id, nextAttempt: kind(id).restart.delayMax)
        default: return nil
        }
    }
}
