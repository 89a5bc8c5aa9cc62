import Trial

/// Small requests over keep-alive connections, through the front and through its peers, in turns.
enum SmallRequestBench {
    static let connections = 64
    /// Projects whose keys the clients use.
    static let awake = 100

    struct Sample {
        var rate: Double
        /// Of the proxy, for each request, in microseconds.
        var cost: Double
        var p50: Double
        var p99: Double
    }

    static func run(_ options: Options) throws -> [Figure] {
        let candidates = Candidate.allCases.filter(options.wants)
        let rounds = try inTurns(candidates, rounds: options.isQuick ? 8 : 40) { candidate in
            let course = try Course(candidate, options)
            _ = try course.add(Load.Plan(connections: connections, requests: course.requests(awake)))
            return course
        }
        return lines(rounds, candidates) + ratios(rounds)
    }

    /// All proxies stand ready, and one after the other gets load for half a second: whatever else the machine does,
    /// it does to all of them alike.
    static func inTurns(
        _ candidates: [Candidate], rounds count: Int, _ prepare: (Candidate) throws -> Course
    ) throws -> [[Candidate: Sample]] {
        let courses = try candidates.map { candidate in
            let course = try prepare(candidate)
            try course.load.start()
            try course.ground.turn(for: .milliseconds(500))
            course.load.pause(true)
            return course
        }
        return try (0..<count).map { _ in
            var round: [Candidate: Sample] = [:]
            for (candidate, course) in zip(candidates, courses) { round[candidate] = try measure(course) }
            return round
        }
    }

    private static func measure(_ course: Course) throws -> Sample {
        course.load.pause(false)
        defer { course.load.pause(true) }
        let window = try course.measure(seconds: 0.4, warmUp: 0.15)
        let result = course.load.result(0, seconds: window.seconds)
        try course.demandGood(result)
        return Sample(
            rate: result.rate, cost: window.processor / Double(result.good) * 1e6, p50: result.p50, p99: result.p99)
    }

    /// Some 500 bytes with nine fields, as a browser's client library sends them.
    static func request(key: String, path: String = "/v1/bench/s") -> [UInt8] {
        Array(
            """
            GET \(path) HTTP/1.1\r
            Host: api.example.com\r
            User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r
            Accept: application/json, text/plain, */*\r
            Accept-Language: en-GB,en;q=0.9\r
            Accept-Encoding: gzip, deflate, br\r
            Referer: https://app.example.com/notes/2026/11/measurements\r
            Cookie: session=eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyLTQyIiwiaWF0IjoxNzYzOTAwMDAwfQ.\(key)\r
            X-Bunbase-Client-Key: \(key)\r
            X-Client-Info: bunbase-js/1.0\r
            \r

            """.utf8)
    }

    static func lines(_ rounds: [[Candidate: Sample]], _ candidates: [Candidate]) -> [Figure] {
        candidates.map { candidate in
            let samples = rounds.compactMap { $0[candidate] }
            let (cost, p50) = (samples.map(\.cost).median, Int(samples.map(\.p50).median))
            return Figure(
                name: "\(candidate.rawValue), per request", value: cost, unit: "us",
                note: "\(Int(samples.map(\.rate).median))/s, "
                    + (p50 > 0 ? "p50 \(p50) us, p99 \(Int(samples.map(\.p99).median)) us, " : "")
                    + "capacity \(cost > 0 ? Int(1e6 / cost) : 0)/s")
        }
    }

    private static func ratios(_ rounds: [[Candidate: Sample]]) -> [Figure] {
        comparison(
            rounds, .front, [.nginx, .haproxy], Goals(cost: 0.75, rate: 1.3), "front of the better peer, TCP")
            + comparison(
                rounds, .frontUnix, [.nginx, .haproxy], Goals(cost: 0.55, rate: 1.7),
                "front on unix of the better peer on TCP")
            + comparison(
                rounds, .frontUnix, [.nginxUnix, .haproxyUnix], Goals(rate: 1.3), "front of the better peer, unix")
            + comparison(rounds, .bare, [.nginx, .haproxy], Goals(), "bare of the better peer, TCP")
            + comparison(rounds, .bareUnix, [.nginx, .haproxy], Goals(), "bare on unix of the better peer on TCP")
    }

    /// What a candidate should come to of its peers.
    struct Goals {
        /// Processor time, at most.
        var cost: Double?
        /// Requests a second, at least; nil: both for information.
        var rate: Double?
        /// p50 and p99, at most the same.
        var percentiles = true
    }

    /// To each peer in the same round, medians over the rounds; of the peers the better one counts.
    static func comparison(
        _ rounds: [[Candidate: Sample]], _ own: Candidate, _ peers: [Candidate], _ goals: Goals, _ name: String
    ) -> [Figure] {
        func figure(_ what: String, _ part: KeyPath<Sample, Double>, _ goal: Figure.Goal) -> Figure? {
            let all = peers.compactMap { peer -> Double? in
                let ratios = rounds.compactMap { round -> Double? in
                    guard let ours = round[own], let theirs = round[peer] else { return nil }
                    return ours[keyPath: part] / theirs[keyPath: part]
                }
                return ratios.isEmpty ? nil : ratios.median
            }
            return (part == \.rate ? all.min() : all.max()).map {
                Figure(name: "\(name): \(what)", value: $0, unit: "x", goal: goal)
            }
        }
        guard let rate = goals.rate else {
            return [figure("processor", \.cost, .none), figure("requests/s", \.rate, .none)].compactMap { $0 }
        }
        var figures = goals.cost.flatMap { figure("processor", \.cost, .atMost($0)) }.map { [$0] } ?? []
        figures += [figure("requests/s", \.rate, .atLeast(rate))].compactMap { $0 }
        guard goals.percentiles else { return figures }
        return figures
            + [figure("p50", \.p50, .atMost(1)), figure("p99", \.p99, .atMost(1))].compactMap { $0 }
    }
}
