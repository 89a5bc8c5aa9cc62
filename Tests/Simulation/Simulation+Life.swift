import Nouns
import Supervision

/// The supervisor's own death and return, and what operators do.
extension Simulation {
    /// Between one thing and the next: a little bad luck.
    mutating func disturb() throws(Violation) {
        if supervisor != nil, random.perMille(weather.supervisorDies) { isDoomed = true }
        if random.perMille(weather.frontVanishes) { try vanish(random.below(doors.count)) }
        if random.perMille(weather.orders) { try order() }
        if random.perMille(weather.reloads) { try reload() }
    }

    mutating func order() throws(Violation) {
        guard !declared.isEmpty else { return try declareProject() }
        var id = random.pick(stores)
        if random.chance(10) { id = InstanceID(.shared, random.pick(Settings.services)) }
        let luck = random.below(100)
        switch luck {
        case ..<20: try command(.start(id))
        case ..<32: try command(.stop(id))
        case ..<44: try command(.restart(id))
        case ..<58: try command(.drain(id))
        case ..<68: try command(.clear(id))
        case ..<88:
            // Most extend or end their own hold; some begin one, or end one that is over or never was.
            let held = random.chance(80) ? holds.keys.filter { $0.project == id.project }.min() : nil
            let (id, hold) = (held ?? id, held.map { holds[$0]!.id } ?? HoldID(commandLast))
            switch luck {
            case ..<77: try command(.hold(id, hold, random.milliseconds(upTo: 20_000)))
            case ..<82: try command(.extend(id, hold, random.milliseconds(upTo: 20_000)))
            default: try command(.letGo(id, hold))
            }
        case ..<90: try command(.renewWarm)
        case ..<93: try command(.declare(id.project))
        case ..<97 where !id.project.isShared:
            try command(.withdraw(id.project))
            try declareProject()
        default: try command(.start(InstanceID(ProjectID("nobody")!, id.kind)))
        }
    }

    mutating func command(_ order: Command) throws(Violation) {
        guard supervisor != nil else { return }
        commandLast += 1
        commands[CommandID(commandLast)] = order
        switch order {
        case .start(let id):
            lastOrders[id] = order
            keptDown.remove(id)
        case .stop(let id):
            lastOrders[id] = order
            holds[id] = nil
        case .withdraw(let project): holds = holds.filter { $0.key.project != project }
        case .hold(let id, _, let time): holdsAskedFor[CommandID(commandLast)] = (id, time)
        default: break
        }
        try deliver(.commanded(CommandID(commandLast), order))
    }

    mutating func declareProject() throws(Violation) {
        projectLast += 1
        try command(.declare(ProjectID("p\(projectLast)")!))
    }

    mutating func answered(_ command: CommandID, _ fault: Fault?) throws(Violation) {
        guard let order = commands.removeValue(forKey: command) else {
            return try promise(false, "\(command) is answered once")
        }
        let asked = holdsAskedFor.removeValue(forKey: command)
        guard fault == nil else { return }
        if case .stop(let id) = order, lastOrders[id] == order { keptDown.insert(id) }
        switch order {
        case .start(let id), .restart(let id):
            try promise(machine.process(of: id)?.isKnownReady == true, "\(id) serves when its start is answered")
        case .hold(let id, let hold, _):
            try promise(holds[id].map { $0.until <= now } ?? true, "\(id) has one hold at a time")
            holds[id] = (hold, now, now + (asked?.time ?? .zero))
            try promise(
                !machine.processes.contains { $0.instance == id && !$0.isGone },
                "\(id) is down when its hold is answered")
        case .extend(let id, let hold, let time):
            guard let held = holds[id] else { return try promise(false, "a hold of \(id) that is over stays over") }
            try promise(held.id == hold, "the hold of \(id) that is extended is the one that there is")
            holds[id]!.until = min(now + time, held.since + Supervisor.holdMax)
        case .letGo(let id, let hold):
            try promise(holds[id]?.id == hold, "the hold of \(id) was not broken")
            holds[id] = nil
        case .stop(let id), .drain(let id):
            try promise(
                !machine.processes.contains { $0.instance == id && !$0.isGone },
                "\(id) is down when its stop is answered")
        case .withdraw(let project):
            try promise(
                !machine.processes.contains { $0.instance?.project == project }
                    && !journal.keys.contains { $0.project == project },
                "nothing of \(project) is left when its withdrawal is answered")
        case .declare(let project): try promise(declared.contains(project), "\(project) is known when so answered")
        case .clear, .renewWarm, .shutdown: break
        }
    }

    /// The cluster file changes: other limits, other ports, now and then a kind less.
    mutating func reload() throws(Violation) {
        guard supervisor != nil else { return }
        for (kind, old) in settings.kinds { removedKinds[kind] = old }
        settings = .drawn(from: &random)
        if random.chance(20) { settings.kinds[Settings.stores[1]] = nil }
        holds = holds.filter { settings.kinds[$0.key.kind] != nil }
        try configure()
    }

    /// Deadlines that run keep their length; the watchdog's period is that of now.
    mutating func configure() throws(Violation) {
        try deliver(.configured(settings))
    }

    mutating func killSupervisor() {
        isDoomed = false
        supervisor = nil
        countDeath()
        entries.append(.note(now, "the supervisor dies"))
        (commands, holdsAskedFor, holds) = ([:], [:], [:])
        agenda.removeAll { if case .event = $0 { true } else { false } }
        for index in doors.indices {
            doors[index].id = nil
            doors[index].isRegistered = false
            doors[index].wishes = [:]
            agenda.add(.opens(door: index), at: now + random.milliseconds(upTo: 3000))
        }
        for process in machine.processes {
            machine.change(process.incarnation) {
                $0.isWatched = false; $0.pingedBy = nil
            }
            // Blank processes end when their channel does; others say again that they are ready.
            if process.instance == nil {
                agenda.add(.process(process.incarnation, .exits(.clean)), at: now + random.milliseconds(upTo: 5))
            }
        }
        agenda.add(.supervisorStarts, at: now + random.milliseconds(upTo: random.pick([1, 1000, 5000])))
    }

    mutating func reviveSupervisor() throws(Violation) {
        entries.append(.note(now, "the supervisor starts again"))
        let remains = gatherRemains()
        registrationEnd = now + settings.registrationTimeout
        removedKinds = [:]
        for process in machine.processes {
            // It may have been started, but not told what to be: the journal knows what it was for.
            let record = remains.records.first { $0.incarnations.contains(process.incarnation) }
            guard let record else { continue }
            let id = record.instance
            let isRun = record.run?.incarnation == process.incarnation
            guard let since = isRun ? record.run?.since : record.relief?.since ?? process.since else { continue }
            let kind = settings.kinds[id.kind] ?? KindSettings()
            let readyBy = since + kind.startTimeout
            machine.change(process.incarnation) {
                ($0.isTerminated, $0.isKilled, $0.stoppedBy) = (false, false, nil)
                ($0.isRelieved, $0.relievedBy) = (record.leavers.contains(process.incarnation), nil)
                $0.instance = id
                $0.isKnownReady = record.isReady(process.incarnation)
                $0.readyBy = readyBy
                $0.period = kind.watchdog
            }
        }
        seedLast &+= 1
        supervisor = Supervisor(settings: settings, seed: seed &+ seedLast, remains: remains, at: now)
        isReviving = true
        defer { isReviving = false }
        try take(supervisor!.begin(at: now))
    }

    /// What a shell finds: the journal, living processes, sockets.
    private mutating func gatherRemains() -> Remains {
        var remains = Remains()
        remains.records = journal.keys.sorted().map { journal[$0]! }
        (remains.projects, remains.withdrawnProjects) = (declared, withdrawn)
        let runs = Set(remains.records.flatMap(\.incarnations))
        for process in machine.processes where process.isGone || !runs.contains(process.incarnation) {
            machine.remove(process.incarnation)
        }
        remains.living = Set(machine.processes.map(\.incarnation))
        let known = Set(remains.records.compactMap { $0.listener?.generation })
        let losesSome = random.chance(weather.losesSockets)
        for generation in machine.sockets.keys.sorted() {
            if losesSome, random.chance(50) { machine.sockets[generation]!.isLost = true }
            let isLost = machine.sockets[generation]!.isLost
            let isHeldByProcess = machine.processes.contains { $0.generation == generation }
            if !known.contains(generation) || (isLost && !isHeldByProcess) {
                machine.sockets[generation] = nil
            } else if !isLost {
                remains.listening.insert(generation)
            }
        }
        remains.nextIncarnation = machine.incarnationNext
        remains.nextGeneration = machine.generationNext
        remains.frontsExpected = doors.count
        return remains
    }
}
