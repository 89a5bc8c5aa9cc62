import Foundation
import JSON
import Trial

/// Whether a cluster of sleeping projects is silent: context switches of its processes in 10 seconds.
enum IdleBench {
    static func run() throws -> [Figure] {
        let cluster = try TrialCluster(clusterFile: ClusterText.make(warm: 1, idle: "10m"))
        defer { cluster.stop() }
        for index in 0..<1000 { _ = try cluster.createProject("idle \(index)") }
        guard let supervisor = try cluster.status()["pid"]?.int.map(Int32.init) else {
            throw TrialCluster.Failure("the status names no pid")
        }
        var watched = [("supervisor", supervisor)]
        for service in ["front", "platform"] {
            if let pid = try cluster.pid(service: service) { watched.append((service, pid)) }
        }
        // What the questions above set in motion comes to rest.
        Thread.sleep(forTimeInterval: 5)
        let before = watched.map { ProcessFacts($0.1).contextSwitches ?? 0 }
        Thread.sleep(forTimeInterval: 10)
        let after = watched.map { ProcessFacts($0.1).contextSwitches ?? 0 }
        return zip(watched, zip(before, after)).map { process, counts in
            Figure(
                name: "\(process.0), context switches in 10 s, 1,000 asleep", value: Double(counts.1 - counts.0),
                unit: "",
                goal: .atMost(0))
        }
    }
}
