import Nouns
import Supervision

/// What the machine does: carries actions out, and lets processes be what processes are.
extension Simulation {
    mutating func perform(_ action: Action) throws(Violation) {
        switch action {
        case .bind(let id, let generation, let port): try bind(id, generation, port)
        case .close(let generation, let port): try close(generation, port)
        case .spawn(let incarnation, let kind): try spawn(incarnation, kind)
        case .assign(let incarnation, let id, let generation): try assign(incarnation, id, generation)
        case .relieve(let incarnation): try relieve(incarnation)
        case .terminate(let incarnation): try terminate(incarnation)
        case .kill(let incarnation, _):
            try promise(machine[incarnation]?.isKilled == false, "a process is killed once: \(incarnation)")
            machine.change(incarnation) { $0.isKilled = true }
            agenda.add(.process(incarnation, .exits(Exit(signal: 9))), at: now + .milliseconds(1))
        case .watch(let incarnation, let isOn): try watch(incarnation, isOn)
        case .grant(let ticket, let id, let generation, let port): try granted(ticket, id, generation, port)
        case .refuse(let ticket, let fault): try refused(ticket, fault)
        case .revoke(let front, let id, let generation, let grace, let fault):
            revoked(front, id, generation, grace: grace, fault)
        case .record(let record): journal[record.instance] = record
        case .forget(let id):
            journal[id] = nil
            keptDown.remove(id)
        case .recordProject(let project, let isWithdrawn):
            declared.removeAll { $0 == project }
            if isWithdrawn { withdrawn.append(project) } else { declared.append(project) }
        case .report: break
        case .answer(let command, let fault): try answered(command, fault)
        case .finish:
            try promise(isShuttingDown && !isFinished, "the end comes once, after a shutdown")
            isFinished = true
        }
    }

    private mutating func bind(_ id: InstanceID, _ generation: Generation, _ port: UInt16) throws(Violation) {
        try promise(!machine.sockets.values.contains { $0.port == port }, "port \(port) has at most one holder")
        try promise(settings.ports.contains(port), "port \(port) is from the pool")
        try promise(generation >= machine.generationNext, "generation \(generation) is new")
        try promise(
            journal[id]?.listener == InstanceRecord.Listener(generation: generation, port: port),
            "the journal knows generation \(generation) before it is bound")
        machine.generationNext = generation.next
        guard !random.chance(weather.bindFails) else {
            return agenda.add(.event(.bindFailed(generation, port: port)), at: now)
        }
        machine.sockets[generation] = Machine.Socket(instance: id, port: port)
        agenda.add(.event(.bound(generation)), at: now)
    }

    private mutating func close(_ generation: Generation, _ port: UInt16) throws(Violation) {
        try promise(
            !machine.processes.contains { $0.generation == generation },
            "no process is left on generation \(generation) when it is closed")
        try promise(
            !journal.values.contains { $0.listener?.generation == generation },
            "the journal forgets generation \(generation) before it is closed")
        try checkNobodyHolds(generation)
        machine.sockets[generation] = nil
    }

    private mutating func spawn(_ incarnation: Incarnation, _ kind: Kind) throws(Violation) {
        try promise(incarnation >= machine.incarnationNext, "incarnation \(incarnation) is new")
        try promise(machine.startingCount < settings.startsMax, "at most \(settings.startsMax) start at once")
        let timeout = settings.kinds[kind]?.startTimeout ?? .zero
        machine.add(incarnation, kind, since: now, readyBy: now + timeout)
        guard !random.chance(weather.spawnFails) else {
            machine.change(incarnation) { $0.isGone = true }
            let failure = SpawnFailure(reason: random.pick(["program missing", "no memory", "too many processes"]))
            return agenda.add(.event(.spawnFailed(incarnation, failure)), at: now)
        }
        let obeys = !random.chance(weather.ignoresTerminate)
        machine.change(incarnation) { $0.obeysTerminate = obeys }
        if !random.chance(weather.neverReady) {
            agenda.add(.process(incarnation, .blankReady), at: now + random.milliseconds(upTo: weather.readyMax))
        }
    }

    private mutating func assign(
        _ incarnation: Incarnation, _ id: InstanceID, _ generation: Generation?
    ) throws(Violation) {
        let overlaps = (settings.kinds[id.kind] ?? removedKinds[id.kind])?.overlaps ?? false
        let others = machine.processes.filter {
            $0.instance == id && !$0.isRelieved && !$0.isTerminated && !$0.isKilled
        }
        try promise(
            others.isEmpty || overlaps && others.allSatisfy(\.isKnownReady) && others.count == 1,
            "\(id) has at most one process, not \(incarnation) too")
        try promise(
            !machine.processes.contains { $0.instance == id } || id.project.isShared,
            "\(id) has no process but \(incarnation)")
        try promise(
            journal[id]?.incarnations.contains(incarnation) == true,
            "the journal knows incarnation \(incarnation) before it starts")
        try promise(
            id.project.isShared ? generation == nil : generation.flatMap { machine.sockets[$0]?.instance } == id,
            "\(id) gets its own sockets")
        try promise(!withdrawn.contains(id.project) && !isShuttingDown, "\(id) may start")
        try promise(!keptDown.contains(id), "\(id) stays down until an operator starts it")
        try promise(holds[id].map { $0.until <= now } ?? true, "\(id) stays down while it is held")
        for need in settings.kinds[id.kind]?.needs ?? [] {
            let needed = InstanceID(settings.kinds[need]?.scope == .service ? .shared : id.project, need)
            let process = machine.process(of: needed)
            try promise(
                process.map { $0.isKnownReady && !$0.isTerminated && !$0.isKilled } ?? false,
                "\(id) starts when \(needed), which it needs, serves")
        }
        guard let process = machine[incarnation] else {
            return try promise(false, "\(id) is given to a process that there is: \(incarnation)")
        }
        try promise(process.instance == nil && !process.isKilled, "\(incarnation) is blank")
        try promise(process.kind == id.kind, "\(incarnation) is of the kind of \(id)")
        if process.isKnownReady {
            countTakeover()
            try promise(machine.startingCount < settings.startsMax, "at most \(settings.startsMax) start at once")
        }
        let kind = settings.kinds[id.kind]!
        machine.change(incarnation) {
            ($0.instance, $0.generation) = (id, generation)
            $0.isKnownReady = false
            $0.since = now
            $0.readyBy = now + kind.startTimeout
            $0.period = kind.watchdog
        }
        guard !process.isGone else { return }
        if !random.chance(weather.neverReady) {
            agenda.add(.process(incarnation, .ready), at: now + random.milliseconds(upTo: weather.readyMax))
        }
        if random.chance(weather.crashes) {
            let exit = random.chance(weather.exitsClean) ? Exit.clean : Exit(code: 1)
            agenda.add(.process(incarnation, .dies(exit)), at: now + random.milliseconds(upTo: weather.lifeMax))
        }
        if random.chance(weather.hangs) {
            agenda.add(.process(incarnation, .hangs), at: now + random.milliseconds(upTo: weather.lifeMax))
        }
    }

    private mutating func terminate(_ incarnation: Incarnation) throws(Violation) {
        guard let process = machine[incarnation], let id = process.instance else {
            return try promise(false, "only a process of an instance is terminated: \(incarnation)")
        }
        try promise(!process.isKilled, "a killed process is not terminated: \(incarnation)")
        let record = journal[id]
        try promise(
            record?.run?.incarnation == incarnation
                ? record?.run?.isStopping == true : record?.leavers.contains(incarnation) == true,
            "the journal knows that \(incarnation) stops before it is told to")
        if isShuttingDown, id.project.isShared, process.isKnownReady {
            try promise(
                !machine.processes.contains { $0.instance?.project.isShared != true },
                "services are stopped when all projects are down")
        }
        // Nobody has used one that was not ready.
        if process.isKnownReady, !process.isRelieved { try checkReverseOrder(id) }
        let timeout = (settings.kinds[id.kind] ?? removedKinds[id.kind] ?? KindSettings()).stopTimeout
        machine.change(incarnation) {
            $0.isTerminated = true
            $0.stoppedBy = now + timeout
        }
        guard process.obeysTerminate, !process.isHanging else { return }
        agenda.add(.process(incarnation, .exits(.clean)), at: now + random.milliseconds(upTo: 50))
    }

    private mutating func relieve(_ incarnation: Incarnation) throws(Violation) {
        guard let process = machine[incarnation], let id = process.instance else {
            return try promise(false, "only a process of an instance is relieved: \(incarnation)")
        }
        try promise(journal[id]?.leavers.contains(incarnation) == true, "the journal knows that \(incarnation) leaves")
        if !isReviving {
            let isRelieved = machine.process(of: id)?.isKnownReady == true
            try promise(isRelieved, "\(incarnation) is relieved by one that is ready")
        }
        let timeout = (settings.kinds[id.kind] ?? removedKinds[id.kind] ?? KindSettings()).drainTimeout
        machine.change(incarnation) {
            $0.isRelieved = true
            $0.relievedBy = now + timeout
        }
        guard process.obeysTerminate, !process.isHanging, !random.chance(20) else { return }
        agenda.add(.process(incarnation, .exits(.clean)), at: now + random.milliseconds(upTo: 3000))
    }

    private mutating func watch(_ incarnation: Incarnation, _ isOn: Bool) throws(Violation) {
        guard let process = machine[incarnation] else { return }
        guard let period = process.period else {
            return try promise(false, "only what can ping is watched, not \(incarnation)")
        }
        try promise(process.isWatched != isOn, "watching \(incarnation) is ordered when it changes")
        machine.change(incarnation) {
            $0.isWatched = isOn
            $0.pingedBy = isOn ? now + period + period / 2 : nil
        }
        if isOn { agenda.add(.process(incarnation, .ping), at: now) }
    }

    /// What a process does of itself.
    mutating func act(_ incarnation: Incarnation, _ deed: Deed) {
        guard let process = machine[incarnation], !process.isGone else { return }
        switch deed {
        case .dies(let exit), .exits(let exit):
            machine.change(incarnation) { $0.isGone = true }
            return notice(.exited(incarnation, exit))
        case .hangs: return machine.change(incarnation) { $0.isHanging = true }
        default: break
        }
        guard !process.isHanging else { return }
        switch deed {
        case .blankReady: if process.instance == nil { notice(.ready(incarnation)) }
        case .ready:
            notice(.ready(incarnation))
            live(incarnation)
        case .ping:
            guard process.isWatched, let period = process.period else { return }
            agenda.add(.event(.pinged(incarnation)), at: now)
            guard process.nextPing <= now else { return }
            machine.change(incarnation) { $0.nextPing = now + period / 2 }
            agenda.add(.process(incarnation, .ping), at: now + period / 2)
        case .saysStopping:
            notice(.stopping(incarnation))
            agenda.add(.process(incarnation, .exits(.clean)), at: now + random.milliseconds(upTo: weather.readyMax))
        case .quiet: notice(.quiet(incarnation))
        case .stirs: notice(.stirred(incarnation))
        case .busy(let isBusy): notice(.busy(incarnation, isBusy))
        case .dies, .exits, .hangs: break
        }
    }

    private mutating func live(_ incarnation: Incarnation) {
        if random.chance(weather.turnsBusy) {
            let begin = now + random.milliseconds(upTo: weather.lifeMax)
            agenda.add(.process(incarnation, .busy(true)), at: begin)
            agenda.add(.process(incarnation, .busy(false)), at: begin + random.milliseconds(upTo: weather.holdMax))
        }
        if random.chance(weather.saysStopping) {
            agenda.add(.process(incarnation, .saysStopping), at: now + random.milliseconds(upTo: weather.lifeMax))
        }
        guard machine[incarnation]?.instance?.project.isShared == true else { return }
        agenda.add(.process(incarnation, .quiet), at: now + random.milliseconds(upTo: 1000))
        if isStorm, random.chance(50) {
            agenda.add(.process(incarnation, .stirs), at: now + random.milliseconds(upTo: weather.lifeMax))
        }
    }

    /// News on its way to the supervisor; it may come late, and twice.
    private mutating func notice(_ event: Event) {
        agenda.add(.event(event), at: now + random.milliseconds(upTo: weather.noticeMax))
        if random.chance(weather.noticesTwice) {
            agenda.add(.event(event), at: now + random.milliseconds(upTo: 3 * weather.noticeMax))
        }
    }

    /// What the supervisor comes to know with an event.
    mutating func learn(_ event: Event) {
        switch event {
        case .ready(let incarnation):
            machine.change(incarnation) { if !$0.isTerminated, !$0.isKilled { $0.isKnownReady = true } }
        case .pinged(let incarnation):
            guard let process = machine[incarnation], process.isWatched, let period = process.period else { return }
            machine.change(incarnation) { $0.pingedBy = now + period }
        case .stopping(let incarnation):
            // It may be taken at its word; then it is as good as terminated.
            machine.change(incarnation) { $0.saidStopping = true }
        case .exited(let incarnation, _), .spawnFailed(let incarnation, _): bury(incarnation)
        default: break
        }
    }

    private mutating func bury(_ incarnation: Incarnation) {
        guard let process = machine[incarnation], process.isGone else { return }
        machine.remove(incarnation)
        buried = process
        if let generation = process.generation, machine.sockets[generation]?.isLost == true {
            machine.sockets[generation] = nil
        }
    }
}
