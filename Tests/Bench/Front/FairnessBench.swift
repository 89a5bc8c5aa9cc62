import CLoad
import Trial

/// One project asks for ten times what the front can do, over 1,000 connections; four others for a tenth of it each,
/// and get it.
enum FairnessBench {
    static func run(_ options: Options) throws -> [Figure] {
        let capacity = try capacity(options)
        var shares: [Double] = []
        var floods: [Double] = []
        for _ in 0..<(options.isQuick ? 1 : 5) {
            let found = try flood(capacity, options)
            shares.append(found.share)
            floods.append(found.flood)
        }
        return [
            Figure(name: "capacity, unix", value: capacity, unit: "/s"),
            Figure(
                name: "least share of four at 10 %, one offering 1000 %", value: shares.median * 100, unit: "%",
                goal: .atLeast(95), note: "1,000 connections; it got \(Int(floods.median))/s"),
        ]
    }

    /// Requests a second of one project over 64 connections.
    private static func capacity(_ options: Options) throws -> Double {
        let course = try Course(.frontUnix, options)
        let group = try course.add(
            Load.Plan(requests: [course.request(0)]))
        try course.load.start()
        let window = try course.measure(seconds: options.isQuick ? 1 : 3)
        return course.load.result(group, seconds: window.seconds).rate
    }

    private static func flood(_ capacity: Double, _ options: Options) throws -> (share: Double, flood: Double) {
        let course = try Course(.frontUnix, options)
        let flood = try course.add(
            Load.Plan(
                behaviour: CLOAD_RATE, connections: 1_000, rate: capacity * 10, requests: [course.request(0)],
                source: 0x7F00_0101, sourceCount: 20))
        let others = try (1...4).map { index in
            try course.add(
                Load.Plan(
                    behaviour: CLOAD_RATE, connections: 64, rate: capacity / 10, requests: [course.request(index)],
                    source: 0x7F00_0200 + UInt32(index)))
        }
        try course.load.start()
        let window = try course.measure(seconds: options.isQuick ? 2 : 5, warmUp: 2)
        let rates = others.map { course.load.result($0, seconds: window.seconds).rate }
        return ((rates.min() ?? 0) / (capacity / 10), course.load.result(flood, seconds: window.seconds).rate)
    }
}
