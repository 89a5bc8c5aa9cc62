import Nouns

/// What processes do, and how they end.
extension Supervisor {
    mutating func changeRun(_ incarnation: Incarnation, _ change: (inout Instance.Run) -> Void) {
        guard case .instance(let id) = owners[incarnation], var run = known[id]!.run else { return }
        change(&run)
        known[id]!.run = run
        touch(id)
    }

    mutating func pinged(_ incarnation: Incarnation) {
        guard case .instance(let id) = owners[incarnation], var run = known[id]!.run, run.watchdog != nil,
            let period = run.period
        else { return }
        run.watchdog = now + period
        known[id]!.run = run
        touch(id)
    }

    /// Processes are watched while they have something to do; an idle one is left in peace.
    mutating func watchAsNeeded(_ id: InstanceID) {
        let instance = known[id]!
        guard var run = instance.run, let period = run.period else { return }
        let isWanted: Bool
        if case .draining = instance.state {
            isWanted = true
        } else {
            isWanted = run.isBusy || (id.project.isShared ? !run.isQuiet : !instance.leases.isEmpty)
        }
        guard isWanted != (run.watchdog != nil) else { return }
        // The first ping has a margin: the order to ping has a way to go.
        run.watchdog = isWanted ? now + period + period / 2 : nil
        known[id]!.run = run
        out.append(.watch(run.incarnation, isWanted))
    }

    /// The child ends by itself. So it may, but not more often than it may crash: else it counts.
    mutating func saidStopping(_ incarnation: Incarnation) {
        guard case .instance(let id) = owners[incarnation], case .serving(var run) = known[id]!.state else { return }
        let policy = kind(id).restart
        guard run.since.duration(to: now) >= policy.period / max(1, policy.intensity) else { return }
        run.watchdog = nil
        enter(id, .stopping(run, .planned, deadline: now + kind(id).stopTimeout), "it ends by itself")
        report(.stopping, id)
    }

    mutating func exited(_ incarnation: Incarnation, _ exit: Exit, hasRun: Bool) {
        guard let owner = owners.removeValue(forKey: incarnation) else { return }
        switch owner {
        case .instance(let id): exited(id, incarnation, exit)
        case .relief(let id): reliefExited(id, incarnation, exit)
        case .leaver(let id): leaverExited(id, incarnation)
        case .blank(let kind): blankExited(kind, incarnation, exit)
        }
    }

    private mutating func exited(_ id: InstanceID, _ incarnation: Incarnation, _ exit: Exit) {
        let exit = explained(exit, in: known[id]!.state)
        known[id]!.lastExit = exit
        known[id]!.lastExitAt = now
        let wasReady = known[id]!.run!.isReady
        if promoteRelief(id, "its successor starts in its place") {
            report(.crashed, id, of: incarnation, exit: exit, reason: exit.phrase)
            if wasReady { restartDependents(of: id) }
            return
        }
        dismissRelief(id)
        switch known[id]!.state {
        case .starting(.process, _), .serving: crashed(id, exit, exit.phrase)
        case .draining: landed(id, "drained")
        case .stopping(_, .crash(let reason), _): crashed(id, exit, reason.rawValue)
        case .stopping(_, .down, _): landed(id, known[id]!.reason)
        case .stopping(_, .restart, _): restart(id, isObliged: true, "restarted")
        case .stopping(_, .planned, _):
            if isWanted(id) {
                restart(id, isObliged: false, "it ended by itself")
            } else {
                landed(id, "it ended by itself")
            }
        case .starting, .asleep, .backoff, .quarantined, .disabled:
            preconditionFailure("\(id) lost incarnation \(incarnation) but had no process in \(known[id]!.state)")
        }
        if wasReady { restartDependents(of: id) }
    }

    /// An exit by our own hand says why the hand was raised.
    private func explained(_ exit: Exit, in state: Instance.State) -> Exit {
        guard exit.note == nil, exit.code == nil, case .stopping(_, let aim, let deadline) = state else { return exit }
        var exit = exit
        if case .crash(let reason) = aim {
            exit.note = reason.rawValue
        } else if deadline == nil {
            exit.note = KillReason.stopTimeout.rawValue
        }
        return exit
    }

    /// A successor on the same listener, for the same leases.
    private mutating func restart(_ id: InstanceID, isObliged: Bool, _ reason: String) {
        guard !isShuttingDown, !known[id]!.isDisabled, isAllowed(id) else { return landed(id, reason) }
        dropLostListener(id)
        start(id, isObliged: isObliged, reason)
    }

    /// An exit that was not planned: again, later, or not.
    mutating func crashed(_ id: InstanceID, _ exit: Exit, _ reason: String) {
        guard !isShuttingDown, !known[id]!.isDisabled, isAllowed(id) else { return landed(id, "its process ended") }
        let policy = kind(id).restart
        report(.crashed, id, exit: exit, reason: reason)
        let mode = id.project.isShared ? .permanent : policy.mode
        if mode == .temporary || (mode == .transient && exit.code == 0) {
            refuseAll(id, .crashed(id, reason))
            return landed(id, "its process ended: \(reason)")
        }
        answerStarters(id, .crashed(id, reason))
        if case .serving(let run) = known[id]!.state { countHealth(id, run) }
        switch known[id]!.crashes.crashed(at: now, under: policy, random: &random) {
        case .retry(let delay):
            dropLostListener(id)
            known[id]!.restarts += 1
            guard delay > .zero else { return start(id, isObliged: true, "crashed: \(reason)") }
            enter(id, .backoff(until: now + delay), "crashed: \(reason)")
            report(.backingOff, id, nextAttempt: now + delay)
        case .quarantine(let delay):
            known[id]!.restarts += 1
            let fault = Fault.quarantined(id, nextAttempt: delay)
            refuseAll(id, fault)
            endLeases(id, fault)
            releaseListener(id)
            enter(id, .quarantined(until: now + delay), "crashed too often: \(reason)")
            report(.quarantined, id, reason: reason, nextAttempt: now + delay)
            answerStoppers(id)
        }
    }

    /// The instance leaves `serving`: whether it crashes, or sleeps, restarts or stops in order, its health counts.
    mutating func countHealth(_ id: InstanceID, _ run: Instance.Run) {
        known[id]!.crashes.served(for: run.since.duration(to: now), under: kind(id).restart)
    }

    /// Sockets that only the dead process had are gone: their leases lead nowhere.
    private mutating func dropLostListener(_ id: InstanceID) {
        guard known[id]!.listener?.isLost == true else { return }
        endLeases(id, nil)
        releaseListener(id)
    }
}

extension Exit {
    /// A short phrase for people.
    package var phrase: String {
        if let note { return note }
        if let signal { return "signal \(signal)" }
        if let code { return "exit code \(code)" }
        return "unknown"
    }
}
