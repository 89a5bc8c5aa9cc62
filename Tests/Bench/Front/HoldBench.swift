import CLoad
import Trial

/// What a client's connection weighs that rests between two requests.
enum HoldBench {
    private static let connections = 10_000

    static func run(_ options: Options) throws -> [Figure] {
        let weights = try [Candidate.nginx, .haproxy, .front].map { candidate in
            // HAProxy may have 20,000 descriptors, two for each client.
            (candidate, try weigh(candidate, candidate == .haproxy ? 7_000 : connections, options))
        }
        return weights.map { candidate, found in
            let nginx = weights[0].1.bytes
            return Figure(
                name: "resting connection, \(candidate.rawValue)", value: found.bytes, unit: "bytes",
                goal: candidate == .front ? .atMost(nginx) : .none,
                note: "\(found.held) held, \(found.before) to \(found.after) KiB RSS")
        }
    }

    private static func weigh(
        _ candidate: Candidate, _ count: Int, _ options: Options
    ) throws -> (bytes: Double, held: Int, before: Int, after: Int) {
        let course = try Course(candidate, options)
        let requests = course.requests(SmallRequestBench.awake)
        // What any load takes once, it has taken before; it goes on, so that the backend answers.
        _ = try course.add(Load.Plan(behaviour: CLOAD_RATE, rate: 2_000, requests: requests))
        try course.load.start()
        try course.ground.turn(for: .milliseconds(1_500))
        let before = course.proxy.rssKiB
        let crowd = Load([])
        let held = try crowd.add(
            Load.Plan(behaviour: CLOAD_HOLD, connections: count, requests: requests), to: course.proxy.port)
        try crowd.start()
        try course.ground.turn(for: .seconds(20)) { crowd.good(held) == count }
        try course.ground.turn(for: .seconds(1))
        guard crowd.open(held) == count, crowd.good(held) == count else {
            throw TrialCluster.Failure("\(candidate.rawValue) holds \(crowd.open(held)): \(crowd.counts(held))")
        }
        let after = course.proxy.rssKiB
        return (Double(after - before) * 1024 / Double(count), count, before, after)
    }
}
