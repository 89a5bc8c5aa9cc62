import CLoad
import Trial

/// Another project's latency while 1,000 connections send heads that never end, one project floods, and an instance
/// answers nothing.
enum IsolationBench {
    /// KiB: what the front may grow to meanwhile.
    private static let memoryMax = 65_536

    static func run(_ options: Options) throws -> [Figure] {
        var pairs: [(quiet: Double, loud: Double)] = []
        var memory = 0
        for _ in 0..<(options.isQuick ? 1 : 5) {
            let quiet = try measure(isLoud: false, options)
            let loud = try measure(isLoud: true, options)
            pairs.append((quiet.p99, loud.p99))
            memory = max(memory, loud.memory)
        }
        let middle = pairs.sorted { $0.loud - $0.quiet < $1.loud - $1.quiet }[pairs.count / 2]
        let bound = max(middle.quiet * 1.2, middle.quiet + 5_000) / 1000
        return [
            Figure(name: "p99 of a project, quiet", value: middle.quiet / 1000, unit: "ms"),
            Figure(
                name: "p99 under slow heads, flood, mute instance", value: middle.loud / 1000, unit: "ms",
                goal: .atMost(bound),
                note: pairs.map { "\(Int($0.quiet)) to \(Int($0.loud)) us" }.joined(separator: ", ")),
            Figure(
                name: "memory of the front meanwhile", value: Double(memory) / 1024, unit: "MiB",
                goal: .atMost(Double(memoryMax) / 1024)),
        ]
    }

    private static func measure(isLoud: Bool, _ options: Options) throws -> (p99: Double, memory: Int) {
        let course = try Course(.frontUnix, options)
        let calm = try course.add(
            Load.Plan(
                behaviour: CLOAD_RATE, connections: 32, rate: 2_000, requests: [course.request(1)], isUrgent: true,
                source: 0x7F00_0301))
        if isLoud {
            _ = try course.add(
                Load.Plan(
                    behaviour: CLOAD_LORIS, connections: 1_000, requests: [course.request(2, "/v1/bench/s")],
                    source: 0x7F00_0401, sourceCount: 20))
            _ = try course.add(
                Load.Plan(
                    connections: 200, requests: [course.request(3, "/v1/bench/s")], source: 0x7F00_0501, sourceCount: 4)
            )
            _ = try course.add(
                Load.Plan(
                    connections: 100, requests: [course.request(4, "/v1/bench/m")], source: 0x7F00_0601, sourceCount: 4)
            )
        }
        try course.load.start()
        let window = try course.measure(seconds: options.isQuick ? 3 : 8, warmUp: 2)
        let result = course.load.result(calm, seconds: window.seconds)
        guard result.good > 0, result.broken == 0 else {
            throw TrialCluster.Failure("\(result.counts)")
        }
        return (result.p99, course.proxy.rssKiB)
    }
}
