import Nouns

/// What follows from an event, whatever it was.
extension Supervisor {
    /// The instance changed: look at it again before the event is over.
    mutating func touch(_ id: InstanceID) {
        guard known[id]?.isTouched == false else { return }
        known[id]!.isTouched = true
        touched.append(id)
    }

    /// The instance, made known if it was not.
    mutating func know(_ id: InstanceID) {
        guard known[id] == nil else { return }
        known[id] = Instance(id, since: registry[id.project]?.since ?? now)
        registry[id.project]?.instances.insert(id)
    }

    /// Settles everything and hands the actions out.
    mutating func settled() -> [Action] {
        var rounds = 0
        repeat {
            rounds += 1
            precondition(rounds < 1_000_000, "an event does not come to rest at \(now): \(alarms.count) alarms")
            ringDueAlarms()
            settleTouched()
            portsWanted()
            reliefsDue()
            startsWanted()
            warmWanted()
            shutdownWanted()
        } while !touched.isEmpty || (nextDeadline.map { $0 <= now } ?? false)
        defer { out = [] }
        return out
    }

    private mutating func ringDueAlarms() {
        while let first = alarms.first, first.priority <= now {
            alarms.set(first.key, to: nil)
            switch first.key {
            case .registration: registrationOver()
            case .ports: break
            case .warm(let kind): warmDeadline(kind)
            case .instance(let id):
                deadlinePassed(id)
                touch(id)
            }
        }
    }

    private mutating func settleTouched() {
        var index = 0
        while index < touched.count {
            let id = touched[index]
            index += 1
            guard known[id] != nil else { continue }
            known[id]!.isTouched = false
            settle(id)
        }
        touched.removeAll(keepingCapacity: true)
    }

    private mutating func settle(_ id: InstanceID) {
        switch known[id]!.state {
        case .starting(.process, _), .stopping, .asleep, .disabled, .backoff, .quarantined: break
        case .starting(.port, _) where !hasDemand(id): doWithoutPort(id)
        case .starting: isStartWanted(id) ? goOnStarting(id) : cancelStart(id)
        case .serving: watchAsNeeded(id)
        case .draining:
            stopWhenDrained(id)
            if case .draining = known[id]!.state { watchAsNeeded(id) }
        }
        hurryLeavers(id)
        settleIdle(id)
        settlePortComing(id)
        keep(id)
        let deadline = known[id]!.deadline(idleTimeout: isRegistrationOver ? kind(id).idleTimeout : nil)
        alarms.set(.instance(id), to: deadline)
    }

    private mutating func settleIdle(_ id: InstanceID) {
        let instance = known[id]!
        var isIdle = false
        if case .serving(let run) = instance.state {
            isIdle =
                !id.project.isShared && instance.leases.isEmpty && !run.isBusy && kind(id).idleTimeout != nil
                && !isNeeded(id)
        }
        guard isIdle != (instance.idleSince != nil) else { return }
        known[id]!.idleSince = isIdle ? now : nil
        idle.set(id, to: isIdle ? now : nil)
    }

    private mutating func settlePortComing(_ id: InstanceID) {
        let instance = known[id]!
        let isComing: Bool
        switch instance.state {
        case .draining: isComing = instance.listener != nil
        case .stopping(_, .down, _): isComing = instance.listener != nil
        default: isComing = false
        }
        if isComing { portsComing.insert(id) } else { portsComing.remove(id) }
    }

    /// Gives the journal what a restarted supervisor must know, if that changed. Called before actions that it must
    /// not forget, and at the end of each event.
    mutating func keep(_ id: InstanceID) {
        let record = known[id]!.record
        guard record != known[id]!.recorded ?? InstanceRecord(id) else { return }
        known[id]!.recorded = record
        out.append(.record(record))
    }

    /// The one door between states.
    mutating func enter(_ id: InstanceID, _ state: Instance.State, _ reason: String) {
        let old = known[id]!.state
        // Where it leaves `serving` without a process it has crashed, and that was counted before.
        if case .serving(let run) = old, state.hasProcess { countHealth(id, run) }
        if old.observed != state.observed { known[id]!.since = now }
        known[id]!.state = state
        known[id]!.reason = reason
        touch(id)
        startsUnderWay += (state.isStartUnderWay ? 1 : 0) - (old.isStartUnderWay ? 1 : 0)
        let runs = (state.hasProcess ? 1 : 0) - (old.hasProcess ? 1 : 0)
        if id.project.isShared { serviceRuns += runs } else { projectRuns += runs }
        if old.countsOnNeeds != state.countsOnNeeds || old.hasProcess != state.hasProcess { touchNeeds(of: id) }
        switch state {
        case .serving, .quarantined, .disabled: touchWaiting(for: id)
        default: break
        }
    }

    mutating func report(
        _ phrase: Report.Phrase, _ id: InstanceID, of incarnation: Incarnation? = nil, exit: Exit? = nil,
        reason: String? = nil, nextAttempt: Instant? = nil
    ) {
        var report = Report(phrase, id)
        report.incarnation = incarnation ?? known[id]?.run?.incarnation
        report.port = known[id]?.listener?.port
        (report.exit, report.reason, report.nextAttempt) = (exit, reason, nextAttempt)
        out.append(.report(report))
    }

    func kind(_ id: InstanceID) -> KindSettings { settings.kinds[id.kind] ?? removedKinds[id.kind] ?? KindSettings() }

    /// Whether the cluster file and the registry know such an instance.
    func isAllowed(_ id: InstanceID) -> Bool {
        guard let kind = settings.kinds[id.kind], id.ordinal == 0 else { return false }
        switch kind.scope {
        case .service: return id.project.isShared
        case .project: return registry[id.project].map { !$0.isWithdrawn } ?? false
        }
    }
}

extension Instance {
    var record: InstanceRecord {
        var record = InstanceRecord(id)
        record.isDisabled = isDisabled
        record.isQuarantined = crashes.isQuarantined
        record.listener = listener.map { InstanceRecord.Listener(generation: $0.generation, port: $0.port) }
        record.crashes = crashes.moments
        record.attempts = crashes.attempts
        record.restarts = restarts
        (record.lastExit, record.lastExitAt) = (lastExit, lastExitAt)
        if let run {
            var isStopping = false
            // A kill for a fault is not yet an exit: should it be forgotten, the fault shows again.
            if case .stopping(_, let aim, _) = state { if case .crash = aim {} else { isStopping = true } }
            record.run = InstanceRecord.Run(
                incarnation: run.incarnation, isReady: run.isReady, isStopping: isStopping, since: run.since)
        }
        if case .process(let run, _) = relief {
            record.relief = InstanceRecord.Relief(incarnation: run.incarnation, since: run.since)
        }
        record.leavers = leavers.map(\.incarnation)
        switch state {
        case .backoff(let until), .quarantined(let until): record.nextAttempt = until
        case .starting(.process, _): break
        case .starting(_, isObliged: true): record.nextAttempt = since
        default: break
        }
        return record
    }
}
