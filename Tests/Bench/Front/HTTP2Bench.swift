import Trial

/// Small requests over HTTP/2 and TLS, as `h2load` asks for them: 8 connections with 16 streams each. Beside nginx, in
/// turns.
enum HTTP2Bench {
    private static let candidates: [Candidate] = [.nginx, .front]
    private static let connections = 8
    private static let streams = 16

    static func run(_ options: Options) throws -> [Figure] {
        let courses = try candidates.filter(options.wants).map { candidate in
            let course = try Course(candidate, options, isSecure: true)
            // The backend alone.
            try course.load.start()
            _ = try measure(course, seconds: 1)
            return (candidate, course)
        }
        var rounds: [[Candidate: SmallRequestBench.Sample]] = []
        for _ in 0..<(options.isQuick ? 4 : 15) {
            var round: [Candidate: SmallRequestBench.Sample] = [:]
            for (candidate, course) in courses { round[candidate] = try measure(course, seconds: 1) }
            rounds.append(round)
        }
        return SmallRequestBench.lines(rounds, candidates)
            + SmallRequestBench.comparison(
                rounds, .front, [.nginx], SmallRequestBench.Goals(cost: 1, rate: 1.2, percentiles: false),
                "HTTP/2: front of nginx")
    }

    /// h2load says means, no percentiles.
    private static func measure(_ course: Course, seconds: Int) throws -> SmallRequestBench.Sample {
        let before = course.proxy.processorSeconds
        let text = try course.ground.output(
            of: "h2load",
            [
                "-t1", "-c\(connections)", "-m\(streams)", "-D\(seconds)", "-H",
                "x-bunbase-client-key: \(course.keys[0])", "https://127.0.0.1:\(course.proxy.port)/v1/bench/s",
            ])
        let processor = course.proxy.processorSeconds - before
        guard let rate = text.firstMatch(of: /finished in [^,]+, ([0-9.]+) req\/s/).flatMap({ Double($0.1) }),
            let codes = text.firstMatch(of: /status codes: ([0-9]+) 2xx, 0 3xx, 0 4xx, 0 5xx/),
            let answers = Double(codes.1), answers > 0
        else { throw TrialCluster.Failure("h2load, \(course.name): \(text)") }
        return SmallRequestBench.Sample(rate: rate, cost: processor / answers * 1e6, p50: 0, p99: 0)
    }
}
