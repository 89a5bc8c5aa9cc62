import CLoad
import Trial

/// Small requests over TLS 1.3: on connections that are kept, and on one of its own for each, so that each pays for a
/// full handshake. Beside nginx, in turns.
enum TLSBench {
    private static let candidates: [Candidate] = [.nginx, .front]

    static func run(_ options: Options) throws -> [Figure] {
        let rounds = options.isQuick ? 8 : 40
        let kept = try turns(
            Load.Plan(connections: SmallRequestBench.connections, requests: []), rounds: rounds, options)
        let fresh = try turns(
            Load.Plan(behaviour: CLOAD_ONCE, connections: 16, requests: []), rounds: rounds, options)
        return figures("TLS, kept", kept, cost: 1) + figures("TLS, handshake and request", fresh, cost: 1)
    }

    private static func turns(
        _ plan: Load.Plan, rounds: Int, _ options: Options
    ) throws -> [[Candidate: SmallRequestBench.Sample]] {
        try SmallRequestBench.inTurns(candidates.filter(options.wants), rounds: rounds) { candidate in
            let course = try Course(candidate, options, isSecure: true)
            var plan = plan
            (plan.requests, plan.tls) = (course.requests(SmallRequestBench.awake), true)
            _ = try course.add(plan)
            return course
        }
    }

    private static func figures(
        _ name: String, _ rounds: [[Candidate: SmallRequestBench.Sample]], cost: Double
    ) -> [Figure] {
        let lines = SmallRequestBench.lines(rounds, candidates).map { line in
            var line = line
            line.name = "\(name): \(line.name)"
            return line
        }
        return lines
            + SmallRequestBench.comparison(
                rounds, .front, [.nginx], SmallRequestBench.Goals(cost: cost, rate: 1), "\(name): front of nginx")
    }
}
