import Nouns

/// From serving to down: revoke, drain, terminate, kill.
extension Supervisor {
    /// Ends whatever the instance does, in order; what it becomes then, its flags say. Waiting requests stay.
    mutating func bringDown(_ id: InstanceID, _ reason: String) {
        for dependent in instances(needing: id) where known[dependent]!.state.hasProcess {
            // Only services have dependents in other projects, and those outlast a stopped service.
            if dependent.project == id.project { bringDown(dependent, reason) }
        }
        dismissRelief(id)
        switch known[id]!.state {
        case .asleep, .disabled, .backoff, .quarantined: landed(id, reason)
        case .starting(.process(let run, _), _):
            endLeases(id, nil)
            terminate(id, run, .down, reason)
        case .starting:
            leaveQueues(id)
            landed(id, reason)
        case .serving(let run):
            let grace = kind(id).drainTimeout
            revokeAll(id, grace: grace)
            enter(id, .draining(run, grace: now + grace), reason)
            if !known[id]!.leases.isEmpty || mustOutlive(id) { report(.draining, id) }
        case .draining: break
        case .stopping(let run, let aim, let deadline):
            guard aim != .down else { break }
            revokeAll(id, grace: deadline.map { now.duration(to: $0) } ?? .zero)
            enter(id, .stopping(run, .down, deadline: deadline), reason)
        }
    }

    /// Goes on from draining as soon as nothing holds it up.
    mutating func stopWhenDrained(_ id: InstanceID) {
        guard case .draining(let run, let grace) = known[id]!.state else { return }
        guard !mustOutlive(id), isRegistrationOver || id.project.isShared || grace == nil else { return }
        guard known[id]!.leases.isEmpty || grace == nil else { return }
        terminate(id, run, .down, known[id]!.reason)
    }

    mutating func terminate(_ id: InstanceID, _ run: Instance.Run, _ aim: Instance.Aim, _ reason: String) {
        var run = run
        run.watchdog = nil
        enter(id, .stopping(run, aim, deadline: now + kind(id).stopTimeout), reason)
        keep(id)
        report(.stopping, id, reason: reason)
        out.append(.terminate(run.incarnation))
    }

    /// For a fault: counts as a crash when the process is gone, unless it was on its way down; its leases are revoked
    /// then, and a successor must not have them.
    private mutating func killForFault(_ id: InstanceID, _ run: Instance.Run, _ fault: KillReason) {
        var run = run
        run.watchdog = nil
        var aim = Instance.Aim.crash(fault)
        if case .draining = known[id]!.state { aim = .down }
        enter(id, .stopping(run, aim, deadline: nil), fault.rawValue)
        keep(id)
        out.append(.kill(run.incarnation, fault))
    }

    /// The instance has no process now: its port goes back, and it becomes what its flags say.
    mutating func landed(_ id: InstanceID, _ reason: String) {
        endLeases(id, nil)
        releaseListener(id)
        guard isAllowed(id) else { return forget(id) }
        defer { holdBegins(id) }
        if known[id]!.isDisabled {
            if known[id]!.state != .disabled {
                enter(id, .disabled, "stopped by an operator")
                report(.disabled, id)
            }
            return answerStoppers(id)
        }
        if known[id]!.state != .asleep {
            enter(id, .asleep, reason)
            report(.asleep, id, reason: reason)
        }
        answerStoppers(id)
        if isWanted(id) { start(id, isObliged: false, "needed again") }
    }

    /// The instance is no more.
    private mutating func forget(_ id: InstanceID) {
        let isWithdrawn = registry[id.project].map(\.isWithdrawn) ?? true
        refuseAll(id, isWithdrawn && !id.project.isShared ? .unknownProject(id.project) : .unknownKind(id))
        killLeavers(id)
        known[id]!.leavers = []
        answerStoppers(id)
        endHold(id, isWithdrawn ? .unknownProject(id.project) : .unknownKind(id))
        enter(id, .asleep, "no more")
        report(.asleep, id)
        if known[id]!.recorded != nil { out.append(.forget(id)) }
        alarms.set(.instance(id), to: nil)
        idle.set(id, to: nil)
        portsComing.remove(id)
        known[id] = nil
        registry[id.project]?.instances.remove(id)
        answerWithdrawals(id.project)
    }

    /// The instance's deadline has come; which of its waits it was for shows in its state.
    mutating func deadlinePassed(_ id: InstanceID) {
        refuseOverdue(id)
        reliefDeadlines(id)
        endHoldIfOverdue(id)
        switch known[id]!.state {
        case .starting(.process(let run, let deadline), _) where deadline <= now:
            report(.startTimedOut, id)
            killForFault(id, run, .startTimeout)
        case .serving(let run), .draining(let run, _):
            if let watchdog = run.watchdog, watchdog <= now {
                report(.hung, id)
                killForFault(id, run, .watchdog)
            } else {
                graceOrIdleOver(id)
            }
        case .stopping(let run, let aim, let deadline?) where deadline <= now:
            report(.stopTimedOut, id)
            let isOwnEnd = aim == .planned
            enter(
                id, .stopping(run, isOwnEnd ? .crash(.stopTimeout) : aim, deadline: nil),
                KillReason.stopTimeout.rawValue)
            out.append(.kill(run.incarnation, .stopTimeout))
        case .backoff(let until) where until <= now: start(id, isObliged: true, "another attempt after a crash")
        case .quarantined(let until) where until <= now: start(id, isObliged: true, "a probe")
        default: break
        }
    }

    private mutating func graceOrIdleOver(_ id: InstanceID) {
        switch known[id]!.state {
        case .draining(let run, let grace?) where grace <= now:
            forgetLeases(id)
            enter(id, .draining(run, grace: nil), known[id]!.reason)
        case .serving:
            guard isRegistrationOver, let idleSince = known[id]!.idleSince, let timeout = kind(id).idleTimeout,
                idleSince + timeout <= now
            else { return }
            bringDown(id, "idle")
        default: break
        }
    }
}
