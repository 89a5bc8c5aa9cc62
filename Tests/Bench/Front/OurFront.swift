import Contracts
import Linux
import Nouns
import Trial

/// The release program `bunbase-front` with one loop, and a crew that leases one backend to all projects.
final class OurFront: Proxy {
    private let crew: FrontCrew
    private let process: FrontProcess
    private let isSecure: Bool

    /// In front of the load's backend.
    ///
    /// - Parameter tls: what clients that speak TLS are shown; `port` is then the one for them.
    convenience init(
        on ground: Ground, _ backend: Backend, _ projects: [KeyEntry], tls: Certificate? = nil
    ) throws {
        let unix = backend.isUnix ? backend.path : nil
        try self.init(
            on: ground, projects, port: backend.port, unix: unix, calm: unix.map { _ in backend.calm }, handOff: nil,
            tls: tls)
    }

    /// In front of a path at which Redis clients are handed over.
    convenience init(on ground: Ground, handOff path: String, _ projects: [KeyEntry]) throws {
        try self.init(on: ground, projects, port: 1, unix: nil, calm: nil, handOff: path, tls: nil)
    }

    private init(
        on ground: Ground, _ projects: [KeyEntry], port: UInt16, unix: String?, calm: String?, handOff: String?,
        tls: Certificate?
    ) throws {
        isSecure = tls != nil
        let generations = Dictionary(
            uniqueKeysWithValues: projects.enumerated().map { ($1.project, UInt64($0) + 1) })
        let route = Route(
            prefix: "/v1/bench/", kind: .bundoc, rewrite: "/v1/projects/{project}/bench/", bodyMax: 16 << 20,
            timeout: .seconds(30))
        // Each project's as an instance of its own.
        var plan = FrontCrew.Plan(routes: [route], projects: projects) { instance in
            let generation = generations[instance.project] ?? 0
            return .grant(
                Endpoint(
                    instance: instance, generation: Generation(generation), port: port,
                    unix: generation == 2 ? calm ?? unix : unix, handOff: handOff,
                    token: Token(random: (generation, 2))))
        }
        (plan.limits.connectionsMax, plan.limits.project.requests) = (20_000, 4_096)
        // All clients are this one program.
        (plan.limits.client.connections, plan.limits.client.badRequests) = (0, 0)
        if let tls {
            plan.tls.certificates = [TLSSettings.Certificate(chain: tls.chain, key: tls.key, hosts: [])]
            plan.tls.minimumVersion = .tls13
        }
        crew = try FrontCrew(plan, in: ground.directory, on: ground.loop)
        process = try FrontProcess(TrialCluster.programsBesideMe, in: ground.directory) { plan in
            plan.arguments = ["-c", "\(Ground.proxyCore)", plan.program]
            plan.program = "/usr/bin/taskset"
        }
        ground.hurry(process.pid)
        try ground.turn(for: .seconds(20)) { crew.synced > 0 }
        guard crew.synced > 0 else { throw TrialCluster.Failure("the front did not come up:\n\(ground.output)") }
    }

    var port: UInt16 { isSecure ? process.securePort : process.port }
    var respPort: UInt16 { process.respPort }
    var workers: [Int32] { [process.pid] }

    func stop() { process.kill() }
}
