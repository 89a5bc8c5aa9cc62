import Foundation
import Trial

/// Durable SET and GET with redis-benchmark, side by side with redis-server that syncs every write.
///
/// The connections go through the front: it authenticates each and hands it over.
enum BunderBench {
    static let clients = 32
    static let rounds = 3

    static func run() throws -> [Figure] {
        let cluster = try TrialCluster(clusterFile: ClusterText.make(warm: 0))
        defer { cluster.stop() }
        let project = try cluster.createProject("bunder")
        let redis = try Redis(port: cluster.ports.upperBound, home: cluster.home)
        defer { redis.stop() }
        var ours: [String: [Double]] = [:]
        var theirs: [String: [Double]] = [:]
        for _ in 0..<rounds {
            for (test, rate) in try benchmark(["-p", "\(cluster.respPort)", "--user", project.slug, "-a", project.key])
            {
                ours[test, default: []].append(rate)
            }
            for (test, rate) in try benchmark(["-p", "\(redis.port)"]) { theirs[test, default: []].append(rate) }
        }
        return ["SET", "GET"].map { test in
            let (own, other) = (median(ours[test] ?? []), median(theirs[test] ?? []))
            return Figure(
                name: "bunder \(test), \(clients) clients, of redis-server", value: own / other, unit: "x",
                note: "\(Int(own))/s to \(Int(other))/s, appendfsync always, medians of \(rounds)")
        }
    }

    private static func benchmark(_ arguments: [String]) throws -> [String: Double] {
        let output = try output(
            "redis-benchmark",
            ["-h", "127.0.0.1", "-t", "set,get", "-n", "60000", "-c", "\(clients)", "--csv"] + arguments)
        var rates: [String: Double] = [:]
        for line in output.split(separator: "\n") {
            let cells = line.split(separator: ",").map { $0.trimmingCharacters(in: ["\""]) }
            if cells.count > 1, let rate = Double(cells[1]) { rates[cells[0]] = rate }
        }
        guard rates["SET"] != nil, rates["GET"] != nil else { throw TrialCluster.Failure("redis-benchmark: \(output)") }
        return rates
    }

    static func output(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }

    /// A redis-server of its own.
    private final class Redis {
        let port: UInt16
        private let process = Process()

        init(port: UInt16, home: String) throws {
            self.port = port
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [
                "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", home, "--appendonly", "yes",
                "--appendfsync", "always", "--save", "", "--daemonize", "no",
            ]
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            for _ in 0..<100 where (try? BlockingConnection(.port(port))) == nil { Thread.sleep(forTimeInterval: 0.05) }
        }

        func stop() {
            process.interrupt()
            process.terminate()
            process.waitUntilExit()
        }
    }
}
