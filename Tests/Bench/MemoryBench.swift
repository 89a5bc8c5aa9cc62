import Foundation
import JSON
import Trial

/// What processes and sleeping projects weigh: proportional set size, so that shared pages count once.
enum MemoryBench {
    static func run() throws -> [Figure] {
        let cluster = try TrialCluster(clusterFile: ClusterText.make(warm: 0, idle: "10m"), portCount: 450)
        defer { cluster.stop() }
        guard let supervisor = try cluster.status()["pid"]?.int.map(Int32.init) else {
            throw TrialCluster.Failure("the status names no pid")
        }
        let before = ProcessFacts(supervisor).pssKiB ?? 0
        let projects = try (0..<1100).map { try cluster.createProject("memory \($0)") }
        let asleep = ProcessFacts(supervisor).pssKiB ?? 0

        let awake = projects.prefix(100)
        for project in awake { try use(cluster, project) }
        // Every process rests for 5 s before it is weighed.
        Thread.sleep(forTimeInterval: 6)
        var weights: [String: [Int]] = [:]
        for instance in try cluster.status()["instances"]?.array ?? [] {
            guard let pid = instance["pid"]?.int, let kind = instance["kind"]?.string,
                let pss = ProcessFacts(Int32(pid)).pssKiB
            else { continue }
            weights[kind, default: []].append(pss)
        }
        var total = weights.values.joined().reduce(0, +) + (ProcessFacts(supervisor).pssKiB ?? 0)
        if let parent = ProcessFacts(supervisor).parent { total += ProcessFacts(parent).pssKiB ?? 0 }
        for service in ["front", "platform"] {
            if let pid = try cluster.pid(service: service) { total += ProcessFacts(pid).pssKiB ?? 0 }
        }
        guard weights["bundoc"]?.count == 100, weights["bunder"]?.count == 100 else {
            throw TrialCluster.Failure("not all are awake: \(weights.mapValues(\.count))")
        }
        return ["bundoc", "bunder"].map { kind in
            let sorted = (weights[kind] ?? []).sorted()
            return Figure(
                name: "\(kind), awake after 200 reads, median PSS", value: Double(sorted[sorted.count / 2]) / 1024,
                unit: "MiB", goal: .atMost(1.5), note: "200 processes, largest \(sorted.last ?? 0) KiB")
        } + [
            Figure(
                name: "supervisor, per sleeping project", value: Double(asleep - before) / 1100, unit: "KiB",
                goal: .atMost(4), note: "1,100 projects, two kinds each"),
            Figure(
                name: "1,000 asleep, 100 awake, services included", value: Double(total) / 1024, unit: "MiB",
                goal: .atMost(450)),
        ]
    }

    private static func use(_ cluster: TrialCluster, _ project: TrialCluster.Project) throws {
        let key = ["X-Bunbase-Client-Key": project.key]
        let connection = try BlockingConnection(cluster.front)
        defer { connection.close() }
        func demand(_ status: Int, _ method: String, _ path: String, _ body: String? = nil) throws {
            let answer = try connection.exchange(method, path, fields: key, body: body.map { Array($0.utf8) })
            guard answer.status == status else {
                throw TrialCluster.Failure("\(path): \(answer.status) \(answer.text)")
            }
        }
        for index in 0..<20 {
            try demand(201, "POST", "/v1/database/collections/a/documents", #"{"_id":"d\#(index)","n":\#(index)}"#)
            try demand(200, "PUT", "/v1/kv/kv/k\(index)", "value \(index)")
        }
        for index in 0..<200 {
            try demand(200, "GET", "/v1/database/collections/a/documents/d\(index % 20)")
            try demand(200, "GET", "/v1/kv/kv/k\(index % 20)")
        }
    }
}
