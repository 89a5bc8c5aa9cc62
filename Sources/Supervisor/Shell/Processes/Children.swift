import Config
import Contracts
import Glibc
import JSON
import Linux
import Nouns
import Supervision

/// Starts, tells, watches and ends the processes of all instances, and says what they say.
final class Children {
    /// What the supervisor does with what its children bring.
    struct Surroundings {
        let loop: EventLoop
        let log: ServerLog
        let journal: Journal
        let store: DescriptorStore
        let home: Home
        let generations: Generations
        let services: ServiceSockets
        let cage: Cage
        let sandbox: Sandbox
        let take: (Event) -> Void
        let pass: (Failpoints.Name) -> Void
        let count: (Observation) -> Void
        let alert: (AlertWord) -> Void
    }

    /// For the metrics.
    enum Observation {
        case started(Duration)
        case spawnFailed(Kind)
        case output(lines: Int, dropped: Int)
        case noticeRefused
    }

    let world: Surroundings
    /// From the cluster file; holds for processes started from now on.
    var programs: [Kind: ProgramSettings]
    var watchdogs: [Kind: Duration?]
    private(set) var running: [Incarnation: Child] = [:]
    /// Processes of kinds without a control channel: what they are must be known when they start.
    private var deferred: [Incarnation: Kind] = [:]

    init(_ world: Surroundings, programs: [Kind: ProgramSettings], watchdogs: [Kind: Duration?]) {
        (self.world, self.programs, self.watchdogs) = (world, programs, watchdogs)
    }

    var count: Int { running.count }

    /// A supervisor that is spared when memory runs out does not pass that on.
    private static let oomScore = (SmallFile.text("/proc/self/oom_score_adj") ?? "").hasPrefix("-") ? 0 : nil

    /// Whether a process runs another program than the one that would be started now.
    func isOutdated(_ child: Child) -> Bool {
        guard let path = programs[child.kind]?.program, let present = ProgramIdentity(ofFile: path) else {
            return false
        }
        return child.program.map { $0 != present } ?? false
    }

    /// Blank ones that are.
    var outdatedBlanks: Int { running.values.count { $0.instance == nil && isOutdated($0) } }

    subscript(_ incarnation: Incarnation) -> Child? { running[incarnation] }

    // MARK: Actions

    func spawn(_ incarnation: Incarnation, _ kind: Kind) {
        world.journal.note(.intended(incarnation, kind))
        world.journal.flush()
        world.pass(.afterJournalIntent)
        guard let program = programs[kind] else {
            return failed(incarnation, kind, SpawnFailure(reason: "kind not in the cluster file"))
        }
        guard program.hasControl else {
            deferred[incarnation] = kind
            return
        }
        start(incarnation, kind, program, assignment: nil)
    }

    /// Nothing happens when the process could not be started: that was told.
    func assign(_ incarnation: Incarnation, _ instance: InstanceID, _ generation: Generation?) {
        let assignment = Placement(instance: instance, generation: generation, data: world.home.data(of: instance))
        do throws(SystemError) {
            guard running[incarnation] != nil || deferred[incarnation] != nil else { return }
            try world.sandbox.establish(assignment.data, for: instance)
            let sockets = try sockets(of: assignment)
            if let kind = deferred.removeValue(forKey: incarnation) {
                start(incarnation, kind, programs[kind]!, assignment: (assignment, sockets))
            } else if let child = running[incarnation] {
                try tell(child, assignment, sockets)
            }
        } catch {
            world.log.write(.error, "instance cannot be given what it needs") {
                $0.member("instance", instance.description)
                $0.member("reason", error.description)
            }
            discard(incarnation, instance.kind, SpawnFailure(reason: error.description))
        }
        world.pass(.afterAssign)
    }

    func terminate(_ incarnation: Incarnation) {
        if deferred.removeValue(forKey: incarnation) != nil { return neverStarted(incarnation) }
        running[incarnation]?.process.signal(SIGTERM)
    }

    func kill(_ incarnation: Incarnation, _ reason: KillReason) {
        if deferred.removeValue(forKey: incarnation) != nil { return neverStarted(incarnation) }
        guard let child = running[incarnation] else { return }
        world.log.write(.warning, "process killed") {
            $0.member("instance", child.name)
            $0.member("incarnation", incarnation.number)
            $0.member("pid", child.process.pid)
            $0.member("reason", reason.rawValue)
        }
        child.containment.kill()
    }

    func watch(_ incarnation: Incarnation, _ isOn: Bool) {
        guard let child = running[incarnation] else { return }
        child.control?.send(ControlChannel.FromSupervisor.watch(isOn).message)
        disturbNoMore(child)
        if !isOn, child.instance?.project.isShared == true { listenForStirring(child) }
    }

    // MARK: Starting

    private struct Placement {
        let instance: InstanceID
        let generation: Generation?
        let data: String
    }

    private func sockets(of placement: Placement) throws(SystemError) -> [(name: String, descriptor: Descriptor)] {
        if let generation = placement.generation { return world.generations.held[generation]?.sockets ?? [] }
        guard let program = programs[placement.instance.kind] else { return [] }
        return try world.services.sockets(of: placement.instance.kind, program)
    }

    private typealias Sockets = [(name: String, descriptor: Descriptor)]

    private func start(
        _ incarnation: Incarnation, _ kind: Kind, _ program: ProgramSettings, assignment: (Placement, Sockets)?
    ) {
        do {
            let notices = try receiver(incarnation, nil)
            let (read, write) = try OutputCapture.pipe()
            let cell = world.cage.open(kind, incarnation, program.limits)
            var plan = SpawnPlan(program.program, program.arguments)
            plan.environment = environment(incarnation, kind, program, assignment?.0)
            plan.descriptors = [1: write, 2: write]
            (plan.cgroup, plan.limits) = (cell.entry, cell.limits)
            if let placement = assignment?.0 { plan.directory = placement.data }
            var control: Descriptor?
            if let (placement, sockets) = assignment {
                plan.listening = sockets
                try world.sandbox.give(notices.path, to: placement.instance)
            } else {
                let pair = try Socket.pair(.packets)
                control = pair.0
                plan.listening = [(DescriptorName.control, pair.1)]
            }
            // Before the start: were the file replaced in between, the process counts as older than it is.
            let identity = ProgramIdentity(ofFile: program.program)
            plan.oomScore = Self.oomScore
            try world.sandbox.apply(to: &plan, program, as: assignment?.0.instance)
            let process: ChildProcess
            do {
                process = try ChildProcess.spawn(plan)
            } catch {
                notices.close()
                cell.leaf?.clear(on: world.loop) {}
                throw error
            }
            world.pass(.afterClone)
            let containment = world.cage.containment(of: process, cell.leaf, incarnation)
            let child = Child(incarnation, kind, process, containment, startedAt: EventLoop.clock())
            (child.notices, child.program) = (notices, identity)
            if let placement = assignment?.0 {
                (child.instance, child.generation) = (placement.instance, placement.generation)
                child.user = plan.user?.uid
            }
            running[incarnation] = child
            world.journal.note(.started(incarnation, fact(child)))
            world.journal.flush()
            world.pass(.afterJournalStart)
            keep(child, control, read)
            try attach(child, control, read)
        } catch {
            world.log.write(.error, "process not started") {
                $0.member("kind", kind.text)
                $0.member("reason", "\(error)")
            }
            discard(incarnation, kind, SpawnFailure(error))
        }
    }

    private func environment(
        _ incarnation: Incarnation, _ kind: Kind, _ program: ProgramSettings, _ placement: Placement?
    ) -> [String: String] {
        let paths = world.home.run
        var environment = [
            ChildEnvironment.notifySocket: paths.notify(incarnation), ChildEnvironment.run: paths.directory,
            ChildEnvironment.kind: kind.text, ChildEnvironment.incarnation: incarnation.description,
            "SWIFT_BACKTRACE": "enable=no", "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
        ]
        if let placement {
            environment[ChildEnvironment.project] = placement.instance.project.text
            environment[ChildEnvironment.data] = placement.data
            if let watchdog = watchdogs[kind] ?? nil {
                environment[ChildEnvironment.watchdogMicroseconds] = "\(watchdog.nanoseconds / 1000)"
            }
        }
        return environment.merging(program.environment) { _, theirs in theirs }
    }

    private func tell(_ child: Child, _ placement: Placement, _ sockets: Sockets) throws(SystemError) {
        let generation = placement.generation ?? Generation(0)
        var assignment = Assignment(
            instance: placement.instance, incarnation: child.incarnation, generation: generation,
            token: placement.generation.flatMap { world.generations.held[$0]?.fact.token }, data: placement.data,
            descriptors: sockets.map(\.name), watchdog: watchdogs[child.kind] ?? nil,
            settings: programs[child.kind]?.settings ?? [:])
        if let program = programs[child.kind] {
            assignment.walls = try world.sandbox.walls(of: placement.instance, program)
        }
        // From here on it speaks as its user; what it said as a blank one tells nothing any more.
        if let path = child.notices?.path { try world.sandbox.give(path, to: placement.instance) }
        child.user = assignment.walls.user
        (child.instance, child.generation) = (placement.instance, placement.generation)
        child.isReady = false
        world.journal.note(.assigned(child.incarnation, placement.instance, placement.generation))
        world.journal.flush()
        child.control?.send(ControlChannel.FromSupervisor.assign(assignment).message, sockets.map(\.descriptor))
    }

    /// `kept`: the socket of an earlier life; without it another is bound in its place.
    private func receiver(_ incarnation: Incarnation, _ kept: Descriptor?) throws(SystemError) -> NotifyReceiver {
        let path = world.home.run.notify(incarnation)
        let hear = { [unowned self] (notice: Notice) in
            guard let child = running[incarnation] else { return }
            heard(notice, of: child)
        }
        if let kept, let receiver = try? NotifyReceiver(kept, at: path, on: world.loop, hear) { return receiver }
        return try NotifyReceiver(at: path, on: world.loop, hear)
    }

    /// Puts what the next life will need where it finds it.
    private func keep(_ child: Child, _ control: Descriptor?, _ output: Descriptor?) {
        let channels = [control, output, child.notices?.descriptor, child.process.descriptor]
        world.store.keep(channels.compactMap { $0 }, as: StoreName.child(child.incarnation))
    }

    /// Begins to listen to a process that runs.
    private func attach(_ child: Child, _ control: Descriptor?, _ output: Descriptor?) throws(SystemError) {
        if let control {
            child.control = try PacketConnection(control, on: world.loop)
            child.control?.onClosed = { [weak child] _ in child?.control = nil }
        }
        if let output {
            child.output = try OutputCapture(output, on: world.loop) { [unowned self, unowned child] lines, dropped in
                printed(lines, dropped, by: child)
            }
        }
        try child.process.watch(on: world.loop) { [unowned self, unowned child] exit in exited(child, exit) }
    }

    /// Goes on with a process of an earlier life: that one may have ended before it told the process what to be, and
    /// with it ended all that it had heard and not written down.
    func adopt(_ child: Child, _ kept: KeptProcess) throws(SystemError) {
        running[child.incarnation] = child
        child.notices = try receiver(child.incarnation, kept.notices)
        if let instance = child.instance, child.user != 0, let path = child.notices?.path {
            try world.sandbox.give(path, to: instance)
        }
        let output = kept.output ?? OutputCapture.reopen(child.process)
        let isComplete = child.notices?.descriptor === kept.notices && kept.output != nil && kept.process != nil
        if !isComplete {
            world.store.drop(StoreName.child(child.incarnation))
            keep(child, kept.control, output)
        }
        try attach(child, kept.control, output)
        guard child.control != nil, let instance = child.instance else { return }
        if !child.isReady {
            let placement = Placement(
                instance: instance, generation: child.generation, data: world.home.data(of: instance))
            let sockets = try sockets(of: placement)
            // Without them it has the assignment already, or will not be ready in time.
            if !sockets.isEmpty { try tell(child, placement, sockets) }
        }
        child.control?.send(ControlChannel.FromSupervisor.resume.message)
    }

    private func fact(_ child: Child) -> ProcessFact {
        var fact = ProcessFact(
            kind: child.kind, pid: child.process.pid, startTicks: child.process.id.start,
            leaf: child.containment.leaf?.name)
        fact.program = child.program
        (fact.instance, fact.generation) = (child.instance, child.generation)
        return fact
    }

    // MARK: Failing to start

    private func failed(_ incarnation: Incarnation, _ kind: Kind, _ failure: SpawnFailure) {
        world.journal.note(.gone(incarnation))
        world.count(.spawnFailed(kind))
        world.take(.spawnFailed(incarnation, failure))
    }

    /// Ends what may have been started, and tells it as not started.
    private func discard(_ incarnation: Incarnation, _ kind: Kind, _ failure: SpawnFailure) {
        deferred[incarnation] = nil
        if let child = running[incarnation] {
            child.isDiscarded = true
            child.containment.kill()
            world.count(.spawnFailed(kind))
            world.take(.spawnFailed(incarnation, failure))
        } else {
            failed(incarnation, kind, failure)
        }
    }

    private func neverStarted(_ incarnation: Incarnation) {
        world.journal.note(.gone(incarnation))
        world.take(.exited(incarnation, .clean))
    }

    // MARK: Ending

    private func exited(_ child: Child, _ exit: ProcessExit) {
        // What it sent before it ended counts: above all STOPPING=1.
        child.notices?.drain()
        world.pass(.afterExit)
        disturbNoMore(child)
        // Whatever it started and left behind ends with it.
        let note = exit.isKill ? child.containment.note : nil
        child.containment.clear(on: world.loop) { [unowned self] in gone(child, Exit(exit, note: note), exit.usage) }
    }

    private func gone(_ child: Child, _ exit: Exit, _ usage: ProcessExit.Usage?) {
        child.output?.finish()
        child.notices?.close()
        child.control?.close()
        world.cage.end(child.process)
        world.store.drop(StoreName.child(child.incarnation))
        running[child.incarnation] = nil
        world.journal.note(.gone(child.incarnation))
        world.log.write(.info, "process ended") {
            $0.member("instance", child.name)
            $0.member("incarnation", child.incarnation.number)
            $0.member("pid", child.process.pid)
            $0.member("exit", exit.reason)
            if let usage {
                $0.member("cpu_seconds", Double(usage.cpu.nanoseconds) / 1e9)
                $0.member("memory_max_bytes", usage.memoryMax)
            }
        }
        if !child.isDiscarded { world.take(.exited(child.incarnation, exit)) }
    }

    // MARK: Hearing

    private func heard(_ notice: Notice, of child: Child) {
        guard child.containment.holds(notice.sender.pid) else {
            world.count(.noticeRefused)
            return
        }
        let incarnation = child.incarnation
        if let text = notice["STATUS"] { child.statusText = String(text.prefix(256)) }
        // A process says that it waits, blank, before it has read the assignment that is under way to it.
        let isStale = notice[NotifyKey.blank] == "1" && child.instance != nil
        if notice["READY"] == "1", !isStale {
            guard child.instance == nil || child.user == nil || notice.sender.uid == child.user else {
                return world.log.write(.error, "process is ready as another user than it should be") {
                    $0.member("instance", child.name)
                    $0.member("user", Int(notice.sender.uid))
                }
            }
            if !child.isReady {
                child.isReady = true
                world.count(.started(EventLoop.clock() - child.startedAt))
            }
            world.pass(.afterReady)
            world.take(.ready(incarnation))
        }
        if let busy = notice[NotifyKey.busy] { world.take(.busy(incarnation, busy == "1")) }
        if notice["WATCHDOG"] == "1" { world.take(.pinged(incarnation)) }
        if let quiet = notice[NotifyKey.quiet] {
            world.take(quiet == "1" ? .quiet(incarnation) : .stirred(incarnation))
        }
        if notice["STOPPING"] == "1" { world.take(.stopping(incarnation)) }
        if let name = notice[NotifyKey.alert] { heard(alert: String(name), notice, from: child) }
    }

    private func printed(_ lines: [[UInt8]], _ dropped: Int, by child: Child) {
        if dropped > 0 {
            world.log.write(dropped: dropped, of: child.instance, child.kind, child.incarnation)
        }
        for line in lines { world.log.write(output: line, of: child.instance, child.kind, child.incarnation) }
        world.count(.output(lines: lines.count + dropped, dropped: dropped))
    }

    // MARK: Stirring

    private final class Stirring: EventHandler {
        let action: () -> Void
        init(_ action: @escaping () -> Void) { self.action = action }
        func handle(_ readiness: Readiness) { action() }
    }

    /// One connection to any of the service's sockets is news; which, and how many, is not.
    private func listenForStirring(_ child: Child) {
        let incarnation = child.incarnation
        let stirring = Stirring { [unowned self, weak child] in
            if let child { disturbNoMore(child) }
            world.take(.stirred(incarnation))
        }
        for socket in world.services.held(of: child.kind) {
            if let registration = try? world.loop.watch(socket.number, for: [.readable, .once], stirring) {
                child.stirrings.append(registration)
            }
        }
    }

    private func disturbNoMore(_ child: Child) {
        for registration in child.stirrings { world.loop.unwatch(registration) }
        child.stirrings.removeAll()
    }
}

/// The name under which the descriptor store keeps a process's channels.
enum StoreName {
    static func child(_ incarnation: Incarnation) -> String { "child-\(incarnation)" }
}

extension ProcessExit {
    /// What the kernel does to a process when memory runs out, among others.
    var isKill: Bool { if case .signal(SIGKILL, _) = cause { true } else { cause == .unknown } }
}

extension Exit {
    /// `note`: what the containment knows beyond, as `out of memory`.
    init(_ exit: ProcessExit, note: String?) {
        switch exit.cause {
        case .code(let code): self.init(code: code, note: note)
        case .signal(let number, _): self.init(signal: number, note: note)
        case .unknown: self.init(note: note ?? "unknown (adopted)")
        }
    }
}

extension SpawnFailure {
    /// The cause in a fixed phrase where it is a common one.
    init(_ error: any Error) {
        switch error {
        case let error as SpawnError where error.step == .execute && error.code == ENOENT:
            self.init(reason: "program missing")
        case let error as SpawnError where error.step == .execute && [EACCES, ENOEXEC, EPERM].contains(error.code):
            self.init(reason: "program not executable")
        case let error as SpawnError: self.init(reason: Self.phrase(error.code) ?? error.description)
        case let error as SystemError: self.init(reason: Self.phrase(error.code) ?? error.description)
        default: self.init(reason: "\(error)")
        }
    }

    private static func phrase(_ code: Int32) -> String? {
        switch code {
        case ENOMEM: "no memory"
        case EAGAIN: "too many processes"
        case EMFILE, ENFILE: "too many open files"
        case ENOSPC: "disk full"
        default: nil
        }
    }
}
