import Nouns

/// Going on from what a life before left behind.
extension Supervisor {
    /// Goes on from what a life before left behind. `seed` feeds the jitter of backoffs.
    package init(settings: Settings, seed: UInt64, remains: Remains = Remains(), at now: Instant) {
        self.settings = settings
        self.now = now
        self.remains = remains
        random = SplitMix64(seed: seed)
        nextIncarnation = remains.nextIncarnation
        nextGeneration = remains.nextGeneration
        portPool = PortPool(settings.ports)
        readSettings()
    }

    /// Takes up everything that was, then starts what should be.
    mutating func takeUp() {
        guard let remains else { preconditionFailure("begin was called twice") }
        self.remains = nil
        for project in remains.projects { registry[project] = Project(since: now) }
        for project in remains.withdrawnProjects { registry[project] = Project(since: now, isWithdrawn: true) }
        frontsExpected = remains.frontsExpected
        if remains.expectsFront {
            registrationDeadline = now + settings.registrationTimeout
            alarms.set(.registration, to: registrationDeadline)
        }
        let records = remains.records.sorted { $0.instance < $1.instance }
        for record in records { remember(record) }
        takeListeners(records, remains)
        for record in records { takeUpReliefs(record, living: remains.living) }
        // The living first: what died may bring others down that were built on it.
        for record in records { if let run = record.run, isLiving(run, remains) { adopt(record.instance, run) } }
        for record in records {
            if let run = record.run {
                if !isLiving(run, remains) { bury(record.instance, run) }
            } else {
                goOn(record)
            }
        }
        for id in known.keys.sorted() where known[id] != nil && (!isAllowed(id) || known[id]!.isDisabled) {
            bringDown(id, known[id]!.isDisabled ? "stopped by an operator" : "no longer known")
        }
        startServices()
    }

    private func isLiving(_ run: InstanceRecord.Run, _ remains: Remains) -> Bool {
        remains.living.contains(run.incarnation)
    }

    private mutating func remember(_ record: InstanceRecord) {
        know(record.instance)
        var instance = known[record.instance]!
        instance.isDisabled = record.isDisabled
        instance.crashes = CrashHistory(
            moments: record.crashes, attempts: record.attempts, isQuarantined: record.isQuarantined)
        instance.restarts = record.restarts
        (instance.lastExit, instance.lastExitAt) = (record.lastExit, record.lastExitAt)
        instance.recorded = record
        known[record.instance] = instance
        touch(record.instance)
    }

    private mutating func takeListeners(_ records: [InstanceRecord], _ remains: Remains) {
        var held: Set<UInt16> = []
        for record in records {
            guard let listener = record.listener else { continue }
            let isHere = remains.listening.contains(listener.generation)
            let isHeldByProcess = record.run.map { isLiving($0, remains) } ?? false
            guard isHere || isHeldByProcess else { continue }
            guard held.insert(listener.port).inserted else {
                out.append(.close(listener.generation, port: listener.port))
                continue
            }
            known[record.instance]!.listener = Instance.Listener(
                generation: listener.generation, port: listener.port, isLost: !isHere)
            listening[listener.generation] = record.instance
        }
        portPool = PortPool(settings.ports, held: held)
    }

    private mutating func take(_ id: InstanceID, _ old: InstanceRecord.Run) -> Instance.Run {
        owners[old.incarnation] = .instance(id)
        return Instance.Run(
            incarnation: old.incarnation, since: old.since, isReady: old.isReady, period: kind(id).watchdog)
    }

    /// Its process lives.
    private mutating func adopt(_ id: InstanceID, _ old: InstanceRecord.Run) {
        let run = take(id, old)
        if old.isStopping {
            terminate(id, run, .down, "still stopping")
        } else if old.isReady {
            enter(id, .serving(run), "adopted")
            known[id]!.since = old.since
        } else {
            let deadline = old.since + kind(id).startTimeout
            enter(id, .starting(.process(run, deadline: deadline), isObliged: true), "adopted while starting")
        }
    }

    /// Its process has ended while nobody looked.
    private mutating func bury(_ id: InstanceID, _ old: InstanceRecord.Run) {
        let run = take(id, old)
        if old.isStopping {
            enter(id, .stopping(run, .down, deadline: nil), "ended")
        } else if old.isReady {
            enter(id, .serving(run), "ended")
        } else {
            enter(id, .starting(.process(run, deadline: now), isObliged: true), "ended")
        }
        exited(old.incarnation, Exit(note: "unknown (adopted)"), hasRun: true)
    }

    /// It had no process.
    private mutating func goOn(_ record: InstanceRecord) {
        let id = record.instance
        guard isAllowed(id), !record.isDisabled else { return }
        if record.isQuarantined {
            // Only what starts has sockets; a probe that had not come that far is due.
            if known[id]!.listener != nil { return start(id, isObliged: true, "a probe") }
            enter(id, .quarantined(until: record.nextAttempt ?? now), "crashed too often")
        } else if let nextAttempt = record.nextAttempt {
            enter(id, .backoff(until: nextAttempt), "crashed")
        } else if known[id]!.listener != nil {
            start(id, isObliged: true, "its start was under way")
        }
    }
}
