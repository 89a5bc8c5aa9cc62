import Trial

/// The small request as `wrk` asks for it, for information: it parses answers, and so is itself the limit for quick
/// proxies.
enum WrkBench {
    static func run(_ options: Options) throws -> [Figure] {
        var rates: [Candidate: [Double]] = [:]
        for _ in 0..<(options.isQuick ? 1 : 3) {
            for candidate in Candidate.allCases {
                rates[candidate, default: []].append(try measure(candidate, options))
            }
        }
        return Candidate.allCases.map { candidate in
            Figure(name: "wrk -t1 -c64, \(candidate.rawValue)", value: rates[candidate]?.median ?? 0, unit: "/s")
        }
    }

    private static func measure(_ candidate: Candidate, _ options: Options) throws -> Double {
        let course = try Course(candidate, options)
        // The backend alone.
        try course.load.start()
        let text = try course.ground.output(
            of: "wrk",
            [
                "-t1", "-c64", options.isQuick ? "-d2s" : "-d4s", "-H", "X-Bunbase-Client-Key: \(course.keys[0])",
                "http://127.0.0.1:\(course.proxy.port)/v1/bench/s",
            ])
        guard !text.contains("Non-2xx"),
            let rate = text.firstMatch(of: /Requests\/sec:\s+([0-9.]+)/).flatMap({ Double($0.1) })
        else { throw TrialCluster.Failure("wrk, \(candidate.rawValue): \(text)") }
        return rate
    }
}
