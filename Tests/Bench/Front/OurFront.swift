import Contracts
import Linux
import Nouns
import Trial

/// The release program `bunbase-front` with one loop, and a crew that leases the load's backend to all projects.
final class OurFront: Proxy {
    private let crew: FrontCrew
    private let process: FrontProcess

    init(on ground: Ground, _ backend: Backend, _ projects: [KeyEntry]) throws {
        crew = try FrontCrew(Self.plan(backend, projects), in: ground.directory, on: ground.loop)
        process = try FrontProcess(TrialCluster.programsBesideMe, in: ground.directory) { plan in
            plan.arguments = ["-c", "\(Ground.proxyCore)", plan.program]
            plan.program = "/usr/bin/taskset"
        }
        ground.hurry(process.pid)
        try ground.turn(for: .seconds(20)) { crew.synced > 0 }
        guard crew.synced > 0 else { throw TrialCluster.Failure("the front did not come up:\n\(ground.output)") }
    }

    var port: UInt16 { process.port }
    var workers: [Int32] { [process.pid] }

    func stop() { process.kill() }

    /// The same backend for all, each as an instance of its own.
    private static func plan(_ backend: Backend, _ projects: [KeyEntry]) -> FrontCrew.Plan {
        let generations = Dictionary(
            uniqueKeysWithValues: projects.enumerated().map { ($1.project, UInt64($0) + 1) })
        let route = Route(
            prefix: "/v1/bench/", kind: .bundoc, rewrite: "/v1/projects/{project}/bench/", bodyMax: 16 << 20,
            timeout: .seconds(30))
        var plan = FrontCrew.Plan(routes: [route], projects: projects) { instance in
            let generation = generations[instance.project] ?? 0
            return .grant(
                Endpoint(
                    instance: instance, generation: Generation(generation), port: backend.port,
                    unix: backend.isUnix ? backend.path : nil, handOff: nil, token: Token(random: (generation, 2))))
        }
        (plan.limits.connectionsMax, plan.limits.requestsPerProjectMax) = (20_000, 4_096)
        return plan
    }
}
