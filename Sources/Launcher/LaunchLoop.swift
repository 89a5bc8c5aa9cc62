import CLinux
import Contracts
import Glibc
import Linux
import Nouns

/// Runs one launch: binds the public sockets, keeps the supervisor running, and ends when everything is down.
package final class LaunchLoop {
    /// The name under which a starter passes a pipe to wait on; see `Teller.PipeWord`.
    package static let readyPipe = "ready"
    /// Sockets of one public address.
    private static let listenersMax = 16

    private let arguments: LaunchArguments
    private let environment: [String: String]
    private let loop: EventLoop
    private let teller: Teller
    private let sockets: [(name: String, descriptor: Descriptor)]
    private var launch = Launch()
    private var kept = KeptDescriptors()
    private var supervisor: ChildProcess?
    private var receiver: NotifyReceiver?
    private var alarm: TimerHeap.ID?
    private var ending: Int32?
    private let hadTerminal = isatty(STDIN_FILENO) == 1

    /// Runs `bunbase-init` with the words behind its name; gives its exit code.
    package static func main(_ words: [String], environment: [String: String]) -> Int32 {
        Signals.ignoreBrokenPipe()
        var early: Teller?
        do {
            let arguments = try LaunchArguments(words)
            let passed = try ListenFDs.fromEnvironment()
            let teller = try Teller(log: arguments.log, pipe: passed.takeOne(readyPipe))
            early = teller
            try makeDirectory(arguments.run)
            guard let lock = try RunLock(at: RunLock.launcherPath(in: arguments.run)) else {
                teller.say("this cluster is already running")
                return 1
            }
            let loop = try LaunchLoop(arguments, environment: environment, teller)
            return try withExtendedLifetime(lock) { try loop.run() }
        } catch {
            let reason =
                switch error {
                case let malformed as LaunchArguments.Malformed: "bunbase-init: \(malformed.reason)"
                case let unavailable as PublicSocket.Unavailable: unavailable.reason
                default: "\(error)"
                }
            if let early { early.say(reason) } else { _ = write(STDERR_FILENO, reason + "\n", reason.utf8.count + 1) }
            return error is LaunchArguments.Malformed ? 64 : 1
        }
    }

    private init(_ arguments: LaunchArguments, environment: [String: String], _ teller: Teller) throws {
        (self.arguments, self.teller) = (arguments, teller)
        let own = ["LISTEN_", "WATCHDOG_"]
        self.environment = environment.filter { variable in !own.contains { variable.key.hasPrefix($0) } }
        loop = try EventLoop()
        // One for each loop that the front has unless it is told otherwise.
        let cores = min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), Self.listenersMax)
        var addresses = [
            (PublicSocket(name: DescriptorName.http, variable: "BUNBASE_HTTP", address: arguments.http), cores),
            (PublicSocket(name: DescriptorName.resp, variable: "BUNBASE_RESP", address: arguments.resp), cores),
            (PublicSocket(name: "status", variable: "BUNBASE_STATUS", address: arguments.status), 1),
        ]
        for (name, variable, address) in [
            (DescriptorName.https, "BUNBASE_HTTPS", arguments.https),
            (DescriptorName.resps, "BUNBASE_RESPS", arguments.resps),
        ] {
            guard let address else { continue }
            addresses.append((PublicSocket(name: name, variable: variable, address: address), cores))
        }
        sockets = try addresses.flatMap { socket, count in
            try socket.listen(run: arguments.run, count: count).map { (socket.name, $0) }
        }
    }

    private func run() throws(SystemError) -> Int32 {
        Self.allowManyDescriptors()
        let path = arguments.run + "/init.notify"
        receiver = try NotifyReceiver(at: path, on: loop) { [unowned self] in take($0) }
        let signals = try Signals([SIGHUP, SIGINT, SIGTERM], on: loop) { [unowned self] in take(signal: $0) }
        defer {
            signals.close()
            receiver?.close()
        }
        perform(launch.begin())
        while ending == nil { try loop.turn() }
        return ending!
    }

    // MARK: What happens

    private func take(_ event: Launch.Event) { perform(launch.handle(event, at: EventLoop.clock())) }

    private func take(signal: Int32) {
        // A terminal that was closed says SIGHUP too; nobody could press Ctrl-C any more.
        let hasLostTerminal = hadTerminal && tcgetpgrp(STDIN_FILENO) < 0
        take(signal == SIGHUP && !hasLostTerminal ? .reloadAsked : .stopAsked)
    }

    /// Only the supervisor itself is listened to, as by systemd with `NotifyAccess=main`.
    private func take(_ notice: Notice) {
        guard notice.sender.pid == supervisor?.pid else { return }
        if notice["FDSTORE"] == "1" { keep(notice) }
        if notice["FDSTOREREMOVE"] == "1", let name = notice["FDNAME"] { kept.drop(String(name)) }
        if notice["READY"] == "1" { take(.ready) }
        if notice[NotifyKey.finished] == "1" { take(.finished) }
    }

    private func keep(_ notice: Notice) {
        let name = notice["FDNAME"].map(String.init) ?? "stored"
        for descriptor in notice.descriptors {
            switch kept.keep(descriptor, as: name) {
            case nil: break
            case .full: teller.say("a descriptor is not kept for the supervisor: \(kept.countMax) are kept already")
            case .badName: teller.say("a descriptor is not kept for the supervisor: its name cannot travel")
            }
        }
    }

    private func ended(_ exit: ProcessExit) {
        // What it said last, it said before it ended.
        receiver?.drain()
        supervisor = nil
        switch exit.cause {
        case .code(let code): take(.exited(.code(code)))
        case .signal(let signal, _): take(.exited(.signal(signal)))
        case .unknown: take(.exited(.code(-1)))
        }
    }

    // MARK: What is to be done

    private func perform(_ actions: [Launch.Action]) {
        for action in actions {
            switch action {
            case .spawn: spawn()
            case .interrupt: supervisor?.signal(SIGINT)
            case .reload: supervisor?.signal(SIGHUP)
            case .announce: teller.announce(SmallFile.text(arguments.announcement) ?? "ready")
            case .say(let text): teller.say(text)
            case .end(let code): ending = code
            }
        }
        rearm()
    }

    private func rearm() {
        if let alarm { loop.cancel(alarm) }
        alarm = launch.deadline.map { moment in
            loop.schedule(at: moment) { [unowned self] in
                alarm = nil
                take(.deadline)
            }
        }
    }

    private func spawn() {
        kept.dropHungUp()
        var plan = SpawnPlan(arguments.supervisor, [arguments.cluster], environment: environment)
        plan.environment[ChildEnvironment.notifySocket] = receiver?.path
        plan.listening = sockets + kept.all
        plan.noNewPrivileges = false
        for number in [STDOUT_FILENO, STDERR_FILENO] {
            let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
            if copy >= 0 { plan.descriptors[number] = Descriptor(copy) }
        }
        do throws(SpawnError) {
            let process = try ChildProcess.spawn(plan)
            supervisor = process
            do throws(SystemError) {
                try process.watch(on: loop) { [unowned self] in ended($0) }
            } catch {
                process.signal(SIGKILL)
                supervisor = nil
                failLater(error.description)
            }
        } catch {
            failLater(error.description)
        }
    }

    /// In a turn of its own: actions that follow the spawn come first.
    private func failLater(_ reason: String) {
        loop.afterBatch { [unowned self] in take(.spawnFailed(reason)) }
    }

    // MARK: The machine

    /// Sockets of all instances are kept here: as many descriptors as this user may have.
    private static func allowManyDescriptors() {
        let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(descriptors, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(descriptors, &limit)
    }

    private static func makeDirectory(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("mkdir", path: path) }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw SystemError("mkdir", code: ENOTDIR, path: path)
        }
        // A directory in /tmp may have been made by somebody else.
        guard status.st_uid == geteuid() else { throw SystemError("mkdir", code: EACCES, path: path) }
    }
}
