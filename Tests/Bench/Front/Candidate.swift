import Contracts
import Linux
import Trial

/// Who stands between clients and backend.
enum Candidate: String, CaseIterable {
    case nginx = "nginx, TCP"
    case haproxy = "HAProxy, TCP"
    case front = "front, TCP"
    case nginxUnix = "nginx, unix"
    case haproxyUnix = "HAProxy, unix"
    case frontUnix = "front, unix"
    /// Proxies that do nothing but read and write.
    case bare = "bare, TCP"
    case bareUnix = "bare, unix"
    case direct = "no proxy"

    /// Reaches the backend over a unix socket.
    var isUnix: Bool { [.nginxUnix, .haproxyUnix, .frontUnix, .bareUnix].contains(self) }

    /// - Parameter tls: clients speak TLS; to HAProxy, which wants its certificate in another form, none do.
    func start(
        on ground: Ground, _ backend: Backend, _ projects: [KeyEntry], tls: Certificate?
    ) throws -> any Proxy {
        switch self {
        case .nginx, .nginxUnix: try Nginx(on: ground, backend, tls: tls)
        case .haproxy, .haproxyUnix: try HAProxy(on: ground, backend)
        case .front, .frontUnix: try OurFront(on: ground, backend, projects, tls: tls)
        case .bare, .bareUnix: try Bare(on: ground, backend)
        case .direct: Direct(backend)
        }
    }
}

/// One proxy between load and backend, freshly started.
final class Course {
    /// Projects in the key table.
    static let projectCount = 10_000

    let ground: Ground
    let load: Load
    let proxy: any Proxy
    let projects: [KeyEntry]
    let name: String

    /// - Parameter isSecure: clients speak TLS.
    init(_ candidate: Candidate, _ options: Options, isSecure: Bool = false) throws {
        name = candidate.rawValue
        ground = try Ground(options)
        projects = FrontCrew.projects(Self.projectCount, named: "bench")
        let path = ground.directory + "/backend.sock"
        let calm = ground.directory + "/calm.sock"
        let listeners = [try Socket.listen(on: .loopback(port: 0)), try Socket.listen(at: path, .stream, mode: 0o666)]
        load = Load(listeners, urgent: try Socket.listen(at: calm, .stream))
        let backend = Backend(
            port: try Socket.localPort(of: listeners[0]), path: path, isUnix: candidate.isUnix, calm: calm)
        let certificate = isSecure ? try Certificate(in: ground.directory) : nil
        proxy = try candidate.start(on: ground, backend, projects, tls: certificate)
    }

    deinit { proxy.stop() }

    func add(_ plan: Load.Plan) throws -> Int32 { try load.add(plan, to: proxy.port) }

    /// Lets the running load warm up, then counts for so long. Returns the time, and that of the processor that the
    /// proxy took.
    func measure(seconds: Double, warmUp: Double = 1) throws -> (seconds: Double, processor: Double) {
        try ground.turn(for: .milliseconds(Int(warmUp * 1000)))
        load.reset()
        let (start, before) = (ContinuousClock.now, proxy.processorSeconds)
        try ground.turn(for: .milliseconds(Int(seconds * 1000)))
        let after = proxy.processorSeconds
        return ((ContinuousClock.now - start).milliseconds / 1000, after - before)
    }

    var keys: [String] { projects.map(\.key) }

    /// A request with a project's key.
    func request(_ project: Int, _ path: String = "/v1/bench/s") -> [UInt8] {
        SmallRequestBench.request(key: projects[project].key, path: path)
    }

    /// Requests of the first projects.
    func requests(_ count: Int, _ path: String = "/v1/bench/s") -> [[UInt8]] { (0..<count).map { request($0, path) } }

    /// All answers must have been good.
    func demandGood(_ result: Load.Result) throws {
        guard result.good > 0, result.isClean else {
            throw TrialCluster.Failure("\(name): \(result.counts)\n\(ground.output)")
        }
    }
}

extension [Double] {
    var median: Double { isEmpty ? 0 : sorted()[count / 2] }
}
