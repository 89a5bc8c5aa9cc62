import CLoad
import Trial

/// Bodies of 1 MB, down and up, through the front and through its peers, in turns.
enum BodyBench {
    private static let size = 1_000_000

    static func run(_ options: Options) throws -> [Figure] {
        let candidates = Candidate.allCases.filter { ![.direct, .bare, .bareUnix].contains($0) }
        var rates: [String: [Candidate: [Double]]] = [:]
        for _ in 0..<(options.isQuick ? 1 : 7) {
            for (name, connections, isUp) in [("down", 16, false), ("up", 8, true)] {
                for candidate in candidates {
                    let rate = try measure(candidate, connections, isUp: isUp, options)
                    rates[name, default: [:]][candidate, default: []].append(rate)
                }
            }
        }
        return ["down", "up"].flatMap { name -> [Figure] in
            let medians = rates[name, default: [:]].mapValues(\.median)
            let lines = candidates.map { candidate in
                let all = rates[name]?[candidate] ?? []
                return Figure(
                    name: "1 MB \(name), \(candidate.rawValue)", value: medians[candidate] ?? 0, unit: "MB/s",
                    note: "\(Int(all.min() ?? 0)) to \(Int(all.max() ?? 0))")
            }
            let goals = [(Candidate.front, Candidate.nginx, "TCP"), (.frontUnix, .nginxUnix, "unix")].map {
                own, peer, name in
                (name, (medians[own] ?? 0) / max(1, medians[peer] ?? 0))
            }
            return lines
                + goals.map {
                    Figure(name: "1 MB \(name), front of nginx, \($0.0)", value: $0.1, unit: "x", goal: .atLeast(1))
                }
        }
    }

    /// Megabytes a second.
    private static func measure(
        _ candidate: Candidate, _ connections: Int, isUp: Bool, _ options: Options
    ) throws -> Double {
        let course = try Course(candidate, options)
        let requests = isUp ? (0..<4).map { upload(key: course.keys[$0]) } : course.requests(4, "/v1/bench/b")
        let group = try course.add(Load.Plan(connections: connections, requests: requests))
        try course.load.start()
        let window = try course.measure(seconds: options.isQuick ? 1 : 2)
        let result = course.load.result(group, seconds: window.seconds)
        try course.demandGood(result)
        return result.rate * Double(size) / 1e6
    }

    private static func upload(key: String) -> [UInt8] {
        let head =
            "POST /v1/bench/u HTTP/1.1\r\nHost: api.example.com\r\nX-Bunbase-Client-Key: \(key)\r\n"
            + "Content-Type: application/octet-stream\r\nContent-Length: \(size)\r\n\r\n"
        return Array(head.utf8) + [UInt8](repeating: 120, count: size)
    }
}
