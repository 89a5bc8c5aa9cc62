import Nouns

/// From asleep to serving: needs, port, sockets, turn, process.
extension Supervisor {
    /// Whether somebody needs the instance up, now.
    func isWanted(_ id: InstanceID) -> Bool {
        guard !isShuttingDown, let instance = known[id], !instance.isDisabled, isAllowed(id) else { return false }
        guard instance.hold == nil else { return false }
        return id.project.isShared || hasDemand(id)
    }

    /// Whether somebody waits for it: a request, a lease, a command, an instance that needs it.
    func hasDemand(_ id: InstanceID) -> Bool {
        let instance = known[id]!
        if !instance.waiters.isEmpty || !instance.starters.isEmpty || !instance.leases.isEmpty { return true }
        return (dependents[id.kind] ?? []).contains {
            if case .starting = known[InstanceID(id.project, $0)]?.state { true } else { false }
        }
    }

    func isStartWanted(_ id: InstanceID) -> Bool {
        if case .starting(_, isObliged: true) = known[id]!.state, !isShuttingDown { return true }
        return isWanted(id)
    }

    mutating func start(_ id: InstanceID, isObliged: Bool, _ reason: String) {
        waitingForNeeds.insert(id)
        enter(id, .starting(.needs, isObliged: isObliged), reason)
        for need in needs(of: id) where !isServing(need) { wake(need, for: id) }
    }

    /// Makes something that another instance needs start, if it is only asleep.
    private mutating func wake(_ id: InstanceID, for dependent: InstanceID) {
        know(id)
        guard case .asleep = known[id]!.state, isWanted(id) else { return }
        start(id, isObliged: false, "needed by \(dependent.kind)")
    }

    /// Takes a start as far as it can go now.
    mutating func goOnStarting(_ id: InstanceID) {
        guard case .starting(let phase, let isObliged) = known[id]!.state else { return }
        switch phase {
        case .needs:
            guard areNeedsServing(id) else {
                // A port that nobody has a lease on may be just what the needed one waits for.
                if known[id]!.leases.isEmpty { releaseListener(id) }
                guard let fault = faultOfNeeds(of: id) else { return }
                refuseAll(id, fault)
                answerStarters(id, fault)
                return
            }
            waitingForNeeds.remove(id)
            if id.project.isShared || known[id]!.listener != nil {
                queueStart(id, isObliged: isObliged)
            } else {
                takePort(id, isObliged: isObliged)
            }
        case .port, .binding, .turn, .process: break
        }
    }

    mutating func queueStart(_ id: InstanceID, isObliged: Bool) {
        startQueue.add(id)
        enter(id, .starting(.turn, isObliged: isObliged), "waiting for its turn to start")
    }

    /// Lets those start whose turn it is.
    mutating func startsWanted() {
        while startsUnderWay < settings.startsMax, let id = startQueue.next() {
            guard case .starting(.turn, let isObliged) = known[id]?.state else {
                preconditionFailure("\(id) has a turn to start but is \(String(describing: known[id]?.state))")
            }
            guard areNeedsServing(id) else {
                start(id, isObliged: isObliged, "waiting for what it needs")
                continue
            }
            launch(id, isObliged: isObliged)
        }
    }

    /// A warm process takes the instance over, or a new one is started.
    private mutating func launch(_ id: InstanceID, isObliged: Bool) {
        let taken = takeWarm(id.kind)
        let incarnation = taken ?? newIncarnation()
        owners[incarnation] = .instance(id)
        let run = Instance.Run(incarnation: incarnation, since: now, period: kind(id).watchdog)
        let deadline = now + kind(id).startTimeout
        enter(
            id, .starting(.process(run, deadline: deadline), isObliged: isObliged),
            taken == nil ? "its process starts" : "a warm process takes it over")
        keep(id)
        if taken == nil { out.append(.spawn(incarnation, id.kind)) }
        out.append(.assign(incarnation, id, known[id]!.listener?.generation))
        report(.starting, id)
    }

    mutating func newIncarnation() -> Incarnation {
        defer { nextIncarnation = nextIncarnation.next }
        return nextIncarnation
    }

    /// Nobody needs it any more, before it had a process.
    mutating func cancelStart(_ id: InstanceID) {
        leaveQueues(id)
        landed(id, "no longer needed")
    }

    mutating func leaveQueues(_ id: InstanceID) {
        waitingForNeeds.remove(id)
        startQueue.remove(id)
        portQueue.set(id, to: nil)
        needyQueue.set(id, to: nil)
    }

    mutating func ready(_ incarnation: Incarnation) {
        switch owners[incarnation] {
        case .blank(let kind): blankReady(kind, incarnation)
        case .relief(let id): reliefReady(id)
        case .instance(let id):
            guard case .starting(.process(var run, _), _) = known[id]!.state else { return }
            (run.isReady, run.since) = (true, now)
            enter(id, .serving(run), known[id]!.crashes.isQuarantined ? "on probation" : "ready")
            report(.serving, id)
            serve(id)
        case .leaver, nil: break
        }
    }

    /// Answers everybody who waited for it.
    mutating func serve(_ id: InstanceID) {
        let waiters = known[id]!.waiters
        known[id]!.waiters = []
        for waiter in waiters { grant(waiter.ticket, id) }
        answerStarters(id, nil)
    }
}
