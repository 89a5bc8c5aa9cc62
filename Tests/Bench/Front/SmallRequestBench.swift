import CLoad
import Contracts
import Glibc
import Linux
import Trial

/// Small requests over keep-alive connections, through the front and through its peers, in turns.
enum SmallRequestBench {
    static let connections = 64
    static let projects = 10_000
    /// Projects whose keys the clients use.
    static let awake = 100

    struct Sample {
        var rate: Double
        /// Of the proxy, for each request, in microseconds.
        var cost: Double
        var p50: Double
        var p99: Double
    }

    enum Candidate: String, CaseIterable {
        case nginx = "nginx, TCP"
        case haproxy = "HAProxy, TCP"
        case front = "front, TCP"
        case nginxUnix = "nginx, unix"
        case haproxyUnix = "HAProxy, unix"
        case frontUnix = "front, unix"
        case direct = "no proxy"

        var isUnix: Bool { [.nginxUnix, .haproxyUnix, .frontUnix].contains(self) }
    }

    static func run(_ options: Options) throws -> [Figure] {
        guard cload_core_count() > 1 else { throw TrialCluster.Failure("two cores are needed") }
        var samples: [Candidate: [Sample]] = [:]
        for _ in 0..<(options.isQuick ? 1 : 5) {
            for candidate in Candidate.allCases {
                samples[candidate, default: []].append(try measure(candidate, options))
            }
        }
        return table(samples.mapValues(median))
    }

    static func measure(_ candidate: Candidate, _ options: Options) throws -> Sample {
        let ground = try Ground(options)
        let keys = FrontCrew.projects(projects, named: "bench")
        let path = ground.directory + "/backend.sock"
        let listeners = [try Socket.listen(on: .loopback(port: 0)), try Socket.listen(at: path, .stream, mode: 0o666)]
        let backend = Backend(port: try Socket.localPort(of: listeners[0]), path: path, isUnix: candidate.isUnix)
        let load = Load(listeners)
        let proxy: any Proxy =
            switch candidate {
            case .nginx, .nginxUnix: try Nginx(on: ground, backend)
            case .haproxy, .haproxyUnix: try HAProxy(on: ground, backend)
            case .front, .frontUnix: try OurFront(on: ground, backend, keys)
            case .direct: Direct(backend)
            }
        defer { proxy.stop() }
        let group = try load.add(
            Load.Plan(connections: connections, requests: keys.prefix(awake).map { request(key: $0.key) }),
            to: proxy.port)
        try load.start()
        let window = try measure(load, proxy, ground, seconds: options.isQuick ? 1 : 3)
        let result = load.result(group, seconds: window.seconds)
        let bad = result.counts.other + result.counts.refused + result.counts.broken
        guard result.counts.good > 0, bad == 0 else {
            throw TrialCluster.Failure("\(candidate.rawValue): \(result.counts)\n\(ground.output)")
        }
        return Sample(
            rate: result.rate, cost: window.processor / Double(result.counts.good) * 1e6, p50: result.p50,
            p99: result.p99)
    }

    /// Lets a running load warm up, then counts for so long. Returns the time, and the processor's that the proxy took.
    static func measure(
        _ load: Load, _ proxy: any Proxy, _ ground: Ground, seconds: Int
    ) throws -> (seconds: Double, processor: Double) {
        try ground.turn(for: .seconds(1))
        load.reset()
        let (start, before) = (ContinuousClock.now, proxy.processorSeconds)
        try ground.turn(for: .seconds(seconds))
        let after = proxy.processorSeconds
        return ((ContinuousClock.now - start).milliseconds / 1000, after - before)
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

    private static func median(_ samples: [Sample]) -> Sample {
        Sample(
            rate: BunderBench.median(samples.map(\.rate)), cost: BunderBench.median(samples.map(\.cost)),
            p50: BunderBench.median(samples.map(\.p50)), p99: BunderBench.median(samples.map(\.p99)))
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
            if let cost, let best = theirs.map(\.cost).min() {
                figures.append(
                    Figure(name: "\(name): processor", value: ours.cost / best, unit: "x", goal: .atMost(cost)))
            }
            if let best = theirs.map(\.rate).max() {
                figures.append(
                    Figure(name: "\(name): requests/s", value: ours.rate / best, unit: "x", goal: .atLeast(rate)))
            }
            if let p50 = theirs.map(\.p50).min(), let p99 = theirs.map(\.p99).min() {
                figures.append(Figure(name: "\(name): p50", value: ours.p50 / p50, unit: "x", goal: .atMost(1)))
                figures.append(Figure(name: "\(name): p99", value: ours.p99 / p99, unit: "x", goal: .atMost(1)))
            }
        }
        compare(.front, [.nginx, .haproxy], cost: 0.75, rate: 1.3, "front of the better peer, TCP")
        compare(.frontUnix, [.nginx, .haproxy], cost: 0.55, rate: 1.7, "front on unix of the better peer on TCP")
        compare(.frontUnix, [.nginxUnix, .haproxyUnix], cost: nil, rate: 1.3, "front of the better peer, unix")
        return figures
    }
}
