import Nouns

/// A successor beside the process that serves: planned restarts of kinds whose processes may overlap.
///
/// The instance goes on serving by its old process until the new one is ready. Then the new one is the instance's, and
/// the old one leaves: it has time to finish, is then told to end, and at last killed.
extension Supervisor {
    /// Processes of one instance that may be leaving; of more the oldest is killed.
    static let leaversMax = 4

    /// Whether a planned restart can begin with the successor.
    func canBeRelieved(_ id: InstanceID) -> Bool {
        kind(id).overlaps && id.project.isShared && known[id]!.listener == nil && areNeedsServing(id)
    }

    mutating func wantRelief(_ id: InstanceID) {
        guard known[id]!.relief == nil else { return }
        known[id]!.relief = .wanted
        reliefsWanted.append(id)
        touch(id)
    }

    /// Starts those that are wanted, as far as processes may be starting.
    mutating func reliefsDue() {
        while startsUnderWay < settings.startsMax, !reliefsWanted.isEmpty {
            let id = reliefsWanted.removeFirst()
            guard known[id]?.relief == .wanted else { continue }
            known[id]!.relief = nil
            guard case .serving(let run) = known[id]!.state else { continue }
            if areNeedsServing(id) { startRelief(id) } else { terminate(id, run, .restart, "restarted by an operator") }
        }
    }

    private mutating func startRelief(_ id: InstanceID) {
        let incarnation = newIncarnation()
        let run = Instance.Run(incarnation: incarnation, since: now, period: kind(id).watchdog)
        setRelief(id, run, deadline: now + kind(id).startTimeout)
        keep(id)
        out.append(.spawn(incarnation, id.kind))
        out.append(.assign(incarnation, id, nil))
        report(.starting, id, of: incarnation, reason: "its successor starts")
    }

    mutating func setRelief(_ id: InstanceID, _ run: Instance.Run, deadline: Instant) {
        owners[run.incarnation] = .relief(id)
        known[id]!.relief = .process(run, deadline: deadline)
        startsUnderWay += 1
        serviceRuns += 1
        touch(id)
    }

    /// The successor is ready: it is the instance's process from now on, and the old one leaves.
    mutating func reliefReady(_ id: InstanceID) {
        guard case .process(var run, _) = known[id]?.relief, let old = known[id]!.run else { return }
        guard isWanted(id) else { return dismissRelief(id) }
        startsUnderWay -= 1
        known[id]!.relief = nil
        (run.isReady, run.since) = (true, now)
        owners[run.incarnation] = .instance(id)
        let stage: Instance.Leaver.Stage
        if case .stopping(_, _, let deadline) = known[id]!.state {
            stage = deadline.map { .ending(until: $0) } ?? .killed
        } else {
            stage = .finishing(until: now + kind(id).drainTimeout)
        }
        leave(id, old.incarnation, stage)
        enter(id, .serving(run), "took over from its predecessor")
        known[id]!.since = now
        keep(id)
        if case .finishing = stage { out.append(.relieve(old.incarnation)) }
        report(.serving, id)
        restartDependents(of: id)
        serve(id)
    }

    /// The old process has ended before the successor was ready: that one starts in its place.
    mutating func promoteRelief(_ id: InstanceID, _ reason: String) -> Bool {
        guard case .process(let run, let deadline) = known[id]!.relief, isWanted(id) else { return false }
        known[id]!.relief = nil
        startsUnderWay -= 1
        serviceRuns -= 1
        owners[run.incarnation] = .instance(id)
        enter(id, .starting(.process(run, deadline: deadline), isObliged: true), reason)
        keep(id)
        return true
    }

    /// Ends a successor that is not wanted any more.
    mutating func dismissRelief(_ id: InstanceID) {
        guard let relief = known[id]!.relief else { return }
        known[id]!.relief = nil
        touch(id)
        guard case .process(let run, _) = relief else { return }
        startsUnderWay -= 1
        leave(id, run.incarnation, .ending(until: now + kind(id).stopTimeout))
        keep(id)
        out.append(.terminate(run.incarnation))
    }

    private mutating func leave(_ id: InstanceID, _ incarnation: Incarnation, _ stage: Instance.Leaver.Stage) {
        owners[incarnation] = .leaver(id)
        known[id]!.leavers.append(Instance.Leaver(incarnation: incarnation, stage: stage))
        touch(id)
        let living = known[id]!.leavers.indices.filter { known[id]!.leavers[$0].stage != .killed }
        if living.count > Self.leaversMax { kill(id, living[0], .leaversTooMany) }
    }

    private mutating func kill(_ id: InstanceID, _ index: Int, _ reason: KillReason) {
        known[id]!.leavers[index].stage = .killed
        touch(id)
        out.append(.kill(known[id]!.leavers[index].incarnation, reason))
    }

    /// Tells those that leave to hurry when the instance is to be down.
    mutating func hurryLeavers(_ id: InstanceID) {
        guard !known[id]!.leavers.isEmpty, !isWanted(id), !mustOutlive(id) else { return }
        for index in known[id]!.leavers.indices {
            if case .finishing = known[id]!.leavers[index].stage { end(id, index) }
        }
    }

    private mutating func end(_ id: InstanceID, _ index: Int) {
        known[id]!.leavers[index].stage = .ending(until: now + kind(id).stopTimeout)
        touch(id)
        out.append(.terminate(known[id]!.leavers[index].incarnation))
    }

    /// Looks at the deadlines of the successor and of those that leave.
    mutating func reliefDeadlines(_ id: InstanceID) {
        if case .process(let run, let deadline) = known[id]!.relief, deadline <= now {
            known[id]!.relief = nil
            startsUnderWay -= 1
            report(.startTimedOut, id, of: run.incarnation)
            leave(id, run.incarnation, .killed)
            keep(id)
            out.append(.kill(run.incarnation, .startTimeout))
            answerStarters(id, .startTimeout(id))
        }
        for index in known[id]!.leavers.indices {
            switch known[id]!.leavers[index].stage {
            case .finishing(let until) where until <= now: end(id, index)
            case .ending(let until) where until <= now: kill(id, index, .stopTimeout)
            case .finishing, .ending, .killed: break
            }
        }
    }

    /// The successor has ended before it was ready: the old process goes on.
    mutating func reliefExited(_ id: InstanceID, _ incarnation: Incarnation, _ exit: Exit) {
        guard case .process(let run, _) = known[id]?.relief, run.incarnation == incarnation else { return }
        known[id]!.relief = nil
        startsUnderWay -= 1
        serviceRuns -= 1
        (known[id]!.lastExit, known[id]!.lastExitAt) = (exit, now)
        touch(id)
        report(.crashed, id, of: incarnation, exit: exit, reason: "the successor ended before it was ready")
        answerStarters(id, .crashed(id, exit.phrase))
    }

    mutating func leaverExited(_ id: InstanceID, _ incarnation: Incarnation) {
        serviceRuns -= 1
        guard known[id] != nil else { return }
        known[id]!.leavers.removeAll { $0.incarnation == incarnation }
        touch(id)
        switch known[id]!.state {
        case .asleep, .disabled, .quarantined: answerStoppers(id)
        case .starting, .serving, .draining, .stopping, .backoff: break
        }
    }

    /// The instance is no more: nobody would look after those that leave.
    mutating func killLeavers(_ id: InstanceID) {
        for index in known[id]!.leavers.indices where known[id]!.leavers[index].stage != .killed {
            kill(id, index, .stopTimeout)
        }
    }

    /// Goes on with successors and leavers of the life before.
    mutating func takeUpReliefs(_ record: InstanceRecord, living: Set<Incarnation>) {
        let id = record.instance
        if let relief = record.relief, living.contains(relief.incarnation) {
            let run = Instance.Run(incarnation: relief.incarnation, since: relief.since, period: kind(id).watchdog)
            setRelief(id, run, deadline: relief.since + kind(id).startTimeout)
        }
        for incarnation in record.leavers where living.contains(incarnation) {
            serviceRuns += 1
            leave(id, incarnation, .finishing(until: now + kind(id).drainTimeout))
            // It may not have been told yet.
            out.append(.relieve(incarnation))
        }
    }
}
