import Nouns
import Supervision

/// When the weather calms: liveness, then an end that leaves nothing.
extension Simulation {
    /// Everything that is asked for is granted, everything idle goes to sleep, and then nothing stirs any more.
    mutating func calm() throws(Violation) {
        try settleDown()
        for project in declared {
            for kind in Settings.stores {
                try command(.start(InstanceID(project, kind)))
                try command(.clear(InstanceID(project, kind)))
            }
        }
        for kind in Settings.services {
            try command(.start(InstanceID(.shared, kind)))
            try command(.clear(InstanceID(.shared, kind)))
        }
        try pass(.seconds(1200))
        try promise(commands.isEmpty, "in calm weather every command is answered: \(commands)")
        for id in stores {
            let grants = counts.grants
            try ask(0, id, wait: .seconds(120))
            try pass(.seconds(120))
            try promise(counts.grants == grants + 1, "in calm weather \(id) is granted")
        }
        quieten()
        try pass(.seconds(600))
        try checkRest()
        countCalm()
    }

    /// The storm is over: what was already on its way still happens, nothing new comes.
    private mutating func settleDown() throws(Violation) {
        (weather, isStorm, isDoomed) = (.calm, false, false)
        entries.append(.note(now, "the weather calms"))
        agenda.removeAll {
            switch $0 {
            case .process(_, .dies), .process(_, .hangs), .process(_, .saysStopping), .asks: true
            case .process(_, .busy(true)), .process(_, .stirs): true
            default: false
            }
        }
        isStorm = true
        while supervisor == nil || doors.contains(where: { !$0.isRegistered }) { try advance(quietly: true) }
        widen()
        try configure()
        // What hangs and is not watched would hang for good.
        for process in machine.processes where process.isHanging {
            agenda.add(.process(process.incarnation, .dies(Exit(signal: 9))), at: now)
        }
        quieten()
        for door in doors.indices {
            for (id, lease) in doors[door].leases.sorted(by: { $0.key < $1.key }) {
                agenda.add(.releases(door: door, id, lease.generation), at: now + random.milliseconds(upTo: 1000))
            }
        }
        try pass(.seconds(1200))
        isStorm = false
    }

    /// What was said to a supervisor that is gone is said again.
    private mutating func quieten() {
        for process in machine.processes where process.isKnownReady {
            agenda.add(.process(process.incarnation, .busy(false)), at: now)
            if process.instance?.project.isShared == true { agenda.add(.process(process.incarnation, .quiet), at: now) }
        }
    }

    /// Limits under which everything is possible, if not at once.
    private mutating func widen() {
        let old = settings
        settings = .drawn(from: &random)
        settings.ports = 9000...max(9003, old.ports.upperBound)
        settings.waitersPerInstanceMax = 64
        for kind in settings.kinds.keys { settings.kinds[kind]!.restart = RestartPolicy() }
    }

    mutating func pass(_ duration: Duration) throws(Violation) {
        let end = now + duration
        while now < end { try advance(until: end, quietly: true) }
    }

    private mutating func checkRest() throws(Violation) {
        guard let supervisor else { return try promise(false, "the supervisor lives") }
        countInstances(supervisor.instances.count)
        for view in supervisor.instances where !view.instance.project.isShared {
            try promise(view.observed == .asleep, "idle \(view.instance) sleeps, instead of being \(view.observed)")
            try promise(
                view.port == nil && view.incarnation == nil && view.leases == 0, "\(view.instance) holds nothing")
        }
        for view in supervisor.instances where view.instance.project.isShared {
            try promise(view.observed == .serving, "\(view.instance) is always up, instead of being \(view.observed)")
        }
        try promise(supervisor.ports.held == 0, "all ports are free, not \(supervisor.ports.held) held")
        try promise(machine.sockets.isEmpty, "all sockets are closed: \(machine.sockets.keys.sorted())")
        let warm = Settings.stores.reduce(0) { $0 + (settings.kinds[$1]?.warm ?? 0) }
        try promise(supervisor.warmCount == warm, "\(warm) warm processes are ready, not \(supervisor.warmCount)")
        try promise(
            machine.processes.count == warm + Settings.services.count, "only services and warm processes are left")
        try promise(supervisor.nextDeadline == nil, "an idle supervisor does not wake up")
    }

    /// In whatever weather: everything goes down, services last, and the end comes once.
    mutating func shutDown() throws(Violation) {
        while supervisor == nil { try advance(quietly: true) }
        isDoomed = false
        weather.supervisorDies = 0
        commandLast += 1
        commands[CommandID(commandLast)] = .shutdown
        isShuttingDown = true
        try deliver(.commanded(CommandID(commandLast), .shutdown))
        let end = now + .seconds(600)
        while now < end, !isFinished { try advance(until: end, quietly: true) }
        try promise(isFinished, "a shutdown comes to its end")
        try promise(machine.processes.isEmpty, "after the shutdown no process is left")
        try promise(machine.sockets.isEmpty, "after the shutdown no socket is left: \(machine.sockets.keys.sorted())")
        try promise(commands.isEmpty, "every command is answered: \(commands)")
        try promise(supervisor?.nextDeadline == nil, "after the shutdown nothing is pending")
        try promise(doors.allSatisfy(\.wishes.isEmpty), "every ticket is answered")
        try promise(supervisor?.ports.held == 0, "after the shutdown all ports are free")
    }
}
