import Foundation
import JSON
import Trial

/// Whether a cluster of sleeping projects is silent: context switches of its processes in 10 seconds. Then what such a
/// crowd costs those who ask for the status or create one more.
enum IdleBench {
    static let crowd = 1000
    static let rounds = 50

    static func run() throws -> [Figure] {
        let cluster = try TrialCluster(clusterFile: ClusterText.make(warm: 1, idle: "10m"))
        defer { cluster.stop() }
        for index in 0..<crowd { _ = try cluster.createProject("idle \(index)") }
        guard let supervisor = try cluster.status()["pid"]?.int.map(Int32.init) else {
            throw TrialCluster.Failure("the status names no pid")
        }
        var watched = [("supervisor", supervisor)]
        // Started by hand, the supervisor is the child of what stands in for systemd.
        if let parent = ProcessFacts(supervisor).parent { watched.append(("init", parent)) }
        for service in ["front", "platform"] {
            if let pid = try cluster.pid(service: service) { watched.append((service, pid)) }
        }
        // What the questions above set in motion comes to rest.
        Thread.sleep(forTimeInterval: 5)
        let before = watched.map { ProcessFacts($0.1).contextSwitches ?? 0 }
        Thread.sleep(forTimeInterval: 10)
        let after = watched.map { ProcessFacts($0.1).contextSwitches ?? 0 }
        let silence = zip(watched, zip(before, after)).map { process, counts in
            Figure(
                name: "\(process.0), context switches in 10 s, 1,000 asleep", value: Double(counts.1 - counts.0),
                unit: "", goal: .atMost(0))
        }
        return silence + (try questions(cluster))
    }

    private static func questions(_ cluster: TrialCluster) throws -> [Figure] {
        let clock = ContinuousClock()
        var count = 0
        let asking = try (0..<rounds).map { _ in
            try clock.measure {
                let answer = try exchange(cluster.control, "GET", "/status")
                guard answer.status == 200 else { throw TrialCluster.Failure("\(answer.status) \(answer.text)") }
                count = answer.body.count
            }
        }
        let creating = try (0..<rounds).map { index in
            try clock.measure { _ = try cluster.createProject("one more \(index)") }
        }
        return [
            Figure(
                name: "/status with 1,000 projects, p50", value: Percentiles(asking).median.milliseconds, unit: "ms",
                goal: .atMost(50), note: "\(count / 1024) KiB"),
            Figure(
                name: "create the 1,001st project, p50", value: Percentiles(creating).median.milliseconds, unit: "ms",
                note: "row, supervisor, snapshot of all keys"),
        ]
    }
}
