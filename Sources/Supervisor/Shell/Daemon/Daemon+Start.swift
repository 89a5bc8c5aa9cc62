import Config
import Contracts
import Glibc
import JSON
import Linux
import Nouns
import Service
import Supervision

extension Daemon {
    /// What surrounds a supervisor besides its cluster file.
    package struct Options {
        /// What whoever started it passed: `http`, `resp`, `status`, and what the descriptor store kept.
        package var inherited: ListenFDs
        /// `BUNBASE_FAILPOINT`.
        package var failpoint: String?
        /// Whether log records go to systemd's journal.
        package var isJournal: Bool
        /// Whether orphans below this process become its children, so that none escapes: for a process that has no
        /// other children than ours.
        package var reapsOrphans: Bool
        /// `BUNBASE_CGROUP`: the path of the control group that was delegated for all processes.
        package var cgroup: String?

        package init(
            inherited: ListenFDs, failpoint: String? = nil, isJournal: Bool = false, reapsOrphans: Bool = false,
            cgroup: String? = nil
        ) {
            (self.inherited, self.failpoint) = (inherited, failpoint)
            (self.isJournal, self.reapsOrphans, self.cgroup) = (isJournal, reapsOrphans, cgroup)
        }
    }

    /// Why a supervisor cannot start.
    package enum StartError: Error, CustomStringConvertible {
        case alreadyRunning(lock: String)
        case unknownFailpoint(String)
        /// More listening sockets of a name were passed than can be served.
        case tooManySockets(name: String, count: Int)
        /// `isolation.required` is true, and these walls cannot be built.
        case wallsMissing([String])
        case system(SystemError)

        package var description: String {
            switch self {
            case .alreadyRunning(let lock): "another supervisor runs on this home; it holds \(lock)"
            case .unknownFailpoint(let name):
                "BUNBASE_FAILPOINT names no failpoint: \(name); there are: "
                    + Failpoints.Name.allCases.map(\.rawValue).joined(separator: ", ")
            case .tooManySockets(let name, let count):
                "\(count) sockets named \(name) were passed, at most \(ServiceSockets.ownMax) can be served: "
                    + "take lines from ListenStream= in its .socket unit"
            case .wallsMissing(let reasons):
                "isolation.required is true, but not every wall can be built: \(reasons.joined(separator: "; "))"
            case .system(let error): error.description
            }
        }
    }

    /// Starts a supervisor: takes up what an earlier life left, begins to listen, and starts what should run.
    /// `reload` reads the cluster file again.
    package static func start(
        _ cluster: ClusterFile, on loop: EventLoop, _ options: Options,
        reload: @escaping () throws(ConfigError) -> ClusterFile
    ) throws(StartError) -> Daemon {
        do {
            try makeDirectories(cluster)
            let failpoint = cluster.isTesting ? options.failpoint : nil
            guard let failpoints = Failpoints(failpoint, directory: cluster.home.run.directory) else {
                throw StartError.unknownFailpoint(failpoint ?? "")
            }
            return try start(cluster, on: loop, options, try lock(cluster), failpoints, reload)
        } catch let error as StartError {
            throw error
        } catch let error as SystemError {
            throw .system(error)
        } catch {
            preconditionFailure("only these two are thrown: \(error)")
        }
    }

    private static func lock(_ cluster: ClusterFile) throws -> Lock {
        do throws(SystemError) {
            return try Lock(cluster.home.run.lock)
        } catch {
            throw error.code == EWOULDBLOCK ? StartError.alreadyRunning(lock: cluster.home.run.lock) : error
        }
    }

    private static func makeDirectories(_ cluster: ClusterFile) throws(SystemError) {
        let paths = cluster.home.run
        // Processes of other users pass through to their own sockets and data; services watch for sockets to come.
        let givesUsers = Sandbox.givesUsers(cluster)
        if givesUsers { try Directory.makePassable(cluster.home.directory) }
        try Directory.makePrivate(paths.directory, mode: givesUsers ? 0o751 : 0o700)
        for path in [paths.directory + "/notify", paths.directory + "/port", cluster.home.data] {
            try Directory.makePrivate(path, mode: givesUsers ? 0o711 : 0o700)
        }
        try Directory.makePrivate(cluster.home.supervisor)
        try Directory.make(cluster.logs.directory, mode: 0o750)
    }

    private static func start(
        _ cluster: ClusterFile, on loop: EventLoop, _ options: Options, _ lock: Lock, _ failpoints: Failpoints,
        _ reload: @escaping () throws(ConfigError) -> ClusterFile
    ) throws -> Daemon {
        let log = ServerLog(settings: cluster.logs, journal: options.isJournal ? try SystemJournal(on: loop) : nil)
        let boot = SmallFile.text("/proc/sys/kernel/random/boot_id")?.split(separator: "\n").first.map(String.init)
        let journal = try Journal(path: cluster.home.supervisor + "/journal", bootID: boot ?? "unknown")
        if journal.damagedLines > 0 {
            log.write(.error, "journal damaged") { $0.member("lines", journal.damagedLines) }
        }
        let sandbox = try sandbox(cluster, journal)
        let manager = ServiceManager(on: loop)
        let store = DescriptorStore(manager.notifier)
        let cage = try Cage(
            home: cluster.home, reapsOrphans: options.reapsOrphans, delegated: options.cgroup, log: log, on: loop)
        let inherited = options.inherited
        var own: [String: [Descriptor]] = [:]
        for name in [DescriptorName.http, DescriptorName.https, DescriptorName.resp, DescriptorName.resps, "status"] {
            let passed = inherited.take(name)
            guard passed.count <= ServiceSockets.ownMax else {
                throw StartError.tooManySockets(name: name, count: passed.count)
            }
            own[name] = passed.isEmpty ? nil : passed
        }
        var past = Inheritance(
            journal: journal, home: cluster.home, cage: cage, log: log, store: store, kept: inherited)
        past.adopt()
        let generations = Generations(paths: cluster.home.run, store: store, share: sandbox.giveToServices)
        past.restore(generations)
        let status: Descriptor
        if let passed = own["status"]?.first {
            status = passed
        } else {
            status = try Socket.listen(on: address(cluster.status))
        }
        let services = try sockets(cluster, own, store, &past, share: sandbox.giveToServices)
        let remains = past.remains(generations)
        let supervisor = Supervisor(
            settings: cluster.supervision, seed: Random.word(), remains: remains, at: EventLoop.clock())
        let daemon = Daemon(
            loop: loop, log: log, journal: journal, store: store, generations: generations, services: services,
            cage: cage, sandbox: sandbox, lock: lock, manager: manager, cluster: cluster, supervisor: supervisor,
            failpoints: failpoints,
            reload: reload)
        try daemon.listen(status)
        daemon.adopt(&past)
        past.clear(generations)
        cage.tree.clear(except: Set(past.heirs.compactMap(\.fact.leaf)), on: loop)
        log.write(.info, "supervisor started") {
            $0.member("node", cluster.node)
            $0.member("pid", getpid())
            $0.member("version", Version.text)
            $0.member("adopted", past.heirs.count)
            $0.member("projects", remains.projects.count)
        }
        daemon.begin()
        return daemon
    }

    private static func sandbox(_ cluster: ClusterFile, _ journal: Journal) throws -> Sandbox {
        let sandbox = try Sandbox(cluster, journal: journal)
        let missing = sandbox.report(cluster.programs).filter { $0.enforcedBy == nil }
        guard missing.isEmpty || !cluster.isolation.isRequired else {
            throw StartError.wallsMissing(missing.map { "\($0.name): \($0.note ?? "")" })
        }
        return sandbox
    }

    private static func address(_ address: Address) throws(SystemError) -> SocketAddress {
        guard let socket = SocketAddress(address.description) else {
            throw SystemError("bind", code: EINVAL, path: address.description)
        }
        return socket
    }

    /// The public sockets, and those of shared services from an earlier life. What nobody passed is taken back from a
    /// living process, else bound here.
    private static func sockets(
        _ cluster: ClusterFile, _ passed: [String: [Descriptor]], _ store: DescriptorStore, _ past: inout Inheritance,
        share: @escaping (String) throws(SystemError) -> Void
    ) throws(SystemError) -> ServiceSockets {
        var own = passed
        own["status"] = nil
        var addresses = [DescriptorName.http: cluster.http, DescriptorName.resp: cluster.resp]
        addresses[DescriptorName.https] = cluster.https
        addresses[DescriptorName.resps] = cluster.resps
        var restored: [(Kind, String, Descriptor)] = []
        for (kind, program) in cluster.programs.sorted(by: { $0.key < $1.key }) {
            for (name, form) in program.sockets.sorted(by: { $0.key < $1.key }) {
                if case .inherited(let passedName) = form {
                    guard own[passedName] == nil, let configured = addresses[passedName] else { continue }
                    let place = try address(configured)
                    let socket: Descriptor
                    if let copy = past.copy(kind, name, form, place) {
                        socket = copy
                    } else {
                        socket = try Socket.listen(on: place)
                    }
                    own[passedName] = [socket]
                    store.keep([socket], as: ServiceSockets.storeName(kind, name))
                } else if let descriptor = past.copy(kind, name, form, nil) {
                    restored.append((kind, name, descriptor))
                }
            }
        }
        let services = ServiceSockets(own: own, store: store, share: share)
        for (kind, name, descriptor) in restored { services.restore(kind, name, descriptor) }
        return services
    }

    /// Begins to listen to fronts, operators and readers.
    private func listen(_ status: Descriptor) throws(SystemError) {
        let world = Children.Surroundings(
            loop: loop, log: log, journal: journal, store: store, home: cluster.home, generations: generations,
            services: services, cage: cage, sandbox: sandbox, take: { [unowned self] in take($0) },
            pass: { [unowned self] in failpoints.pass($0) }, count: { [unowned self] in count($0) },
            alert: { [unowned self] in alert($0) })
        children = Children(world, programs: cluster.programs, watchdogs: cluster.watchdogs)
        let paths = cluster.home.run
        fronts = try Fronts(
            at: paths.lease, on: loop, configuration: frontConfiguration, log: log, journal: journal,
            admits: { [sandbox] in sandbox.isOurs($0) }
        ) { [unowned self] in take($0) }
        try sandbox.giveToServices(paths.lease)
        var reading = Router()
        StatusRoutes(daemon: self).add(to: &reading)
        var limits = HTTPServer.Limits()
        limits.connectionsMax = 256
        let readers = HTTPServer(on: loop, limits: limits) { reading.handle($0, $1) }
        try readers.listen(on: status, .loopback)
        var changing = reading
        ControlRoutes(daemon: self).add(to: &changing)
        limits.bodyMax = 8 << 20
        let operators = HTTPServer(on: loop, limits: limits) { changing.handle($0, $1) }
        operators.services = sandbox.users?.services
        try operators.listen(on: try Socket.listen(at: paths.control, .stream), .operators)
        try sandbox.giveToServices(paths.control)
        servers = [readers, operators]
    }

    private func adopt(_ past: inout Inheritance) {
        for heir in past.heirs {
            let containment = cage.containment(adopting: heir.process, heir.fact.leaf, heir.incarnation)
            let child = Child(
                heir.incarnation, heir.fact.kind, heir.process, containment, startedAt: EventLoop.clock())
            (child.instance, child.generation) = (heir.fact.instance, heir.fact.generation)
            child.program = heir.fact.program ?? ProgramIdentity(ofFile: "/proc/\(heir.process.pid)/exe")
            child.user = sandbox.users == nil ? nil : ProcessTable.user(of: heir.process.pid)
            let record = heir.fact.instance.flatMap { journal.state.records[$0] }
            child.isReady = record?.isReady(heir.incarnation) ?? false
            do throws(SystemError) {
                try children.adopt(child, heir.kept)
                log.write(.info, "process adopted") {
                    $0.member("instance", child.name)
                    $0.member("incarnation", heir.incarnation.number)
                    $0.member("pid", heir.process.pid)
                }
            } catch {
                log.write(.error, "process cannot be listened to") {
                    $0.member("instance", child.name)
                    $0.member("reason", error.description)
                }
                containment.kill()
            }
        }
    }

    private func count(_ observation: Children.Observation) {
        switch observation {
        case .started(let duration): metrics.countStart(duration)
        case .spawnFailed(let kind): metrics.countSpawnFailure(kind)
        case .output(let lines, let dropped): metrics.countOutput(lines: lines, dropped: dropped)
        case .noticeRefused: metrics.countRefusedNotice()
        }
    }
}

extension ClusterFile {
    var watchdogs: [Kind: Duration?] { supervision.kinds.mapValues(\.watchdog) }
}
