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
        var samples: [Candidate: [Sample]] = [:]
        for _ in 0..<(options.isQuick ? 1 : 5) {
            for candidate in Candidate.allCases where options.wants(candidate) {
                samples[candidate, default: []].append(try measure(candidate, options))
            }
        }
        return table(
            samples.mapValues { samples in
                Sample(
                    rate: samples.map(\.rate).median, cost: samples.map(\.cost).median,
                    p50: samples.map(\.p50).median, p99: samples.map(\.p99).median)
            })
    }

    private static func measure(_ candidate: Candidate, _ options: Options) throws -> Sample {
        let course = try Course(candidate, options)
        let group = try course.add(Load.Plan(connections: connections, requests: course.requests(awake)))
        try course.load.start()
        let window = try course.measure(seconds: options.isQuick ? 1 : 3)
        let result = course.load.result(group, seconds: window.seconds)
        try course.demandGood(result)
        return Sample(
            rate: result.rate, cost: window.processor / Double(result.good) * 1e6, p50: result.p50,
            p99: result.p99)
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

    private static func table(_ medians: [Candidate: Sample]) -> [Figure] {
        var figures: [Figure] = []
        for candidate in Candidate.allCases {
            guard let sample = medians[candidate] else { continue }
            let note =
                "\(Int(sample.rate))/s, p50 \(Int(sample.p50)) us, p99 \(Int(sample.p99)) us, "
                + "capacity \(sample.cost > 0 ? Int(1e6 / sample.cost) : 0)/s"
            figures.append(
                Figure(name: "\(candidate.rawValue), per request", value: sample.cost, unit: "us", note: note))
        }
        func compare(_ own: Candidate, _ peers: [Candidate], cost: Double?, rate: Double, _ name: String) {
            guard let ours = medians[own] else { return }
            let theirs = peers.compactMap { medians[$0] }
            guard !theirs.isEmpty else { return }
            func add(_ what: String, _ value: Double, _ goal: Figure.Goal) {
                figures.append(Figure(name: "\(name): \(what)", value: value, unit: "x", goal: goal))
            }
            if let cost, let best = theirs.map(\.cost).min() { add("processor", ours.cost / best, .atMost(cost)) }
            if let best = theirs.map(\.rate).max() { add("requests/s", ours.rate / best, .atLeast(rate)) }
            if let best = theirs.map(\.p50).min() { add("p50", ours.p50 / best, .atMost(1)) }
            if let best = theirs.map(\.p99).min() { add("p99", ours.p99 / best, .atMost(1)) }
        }
        compare(.front, [.nginx, .haproxy], cost: 0.75, rate: 1.3, "front of the better peer, TCP")
        compare(.frontUnix, [.nginx, .haproxy], cost: 0.55, rate: 1.7, "front on unix of the better peer on TCP")
        compare(.frontUnix, [.nginxUnix, .haproxyUnix], cost: nil, rate: 1.3, "front of the better peer, unix")
        return figures
    }
}
