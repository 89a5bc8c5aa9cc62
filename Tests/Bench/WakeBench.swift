import Foundation
import Trial

/// How long the first request to a sleeping project takes, through the front, to the answer of a document read.
///
/// The project holds 10 MB of documents; its files are in the page cache. Cold: a new process for each wake. Warm: a
/// blank process of the pool takes over. The two take turns.
enum WakeBench {
    static let rounds = 120
    static let manyCount = 200
    static let manyRounds = 3

    static func run() throws -> [Figure] {
        let cold = try Site(warm: 0)
        let warm = try Site(warm: 2)
        defer { cold.cluster.stop(); warm.cluster.stop() }
        for site in [cold, warm] { for _ in 0..<5 { _ = try site.wake() } }
        var times: (cold: [Duration], warm: [Duration]) = ([], [])
        for _ in 0..<rounds {
            times.cold.append(try cold.wake())
            times.warm.append(try warm.wake())
        }
        warm.cluster.stop()
        let many = try manyAtOnce(cold.cluster)
        let (coldTimes, warmTimes) = (Percentiles(times.cold), Percentiles(times.warm))
        return [
            Figure(name: "wake, new process, p50", value: coldTimes.median.milliseconds, unit: "ms", goal: .atMost(8)),
            Figure(name: "wake, new process, p99", value: coldTimes.at(99).milliseconds, unit: "ms", goal: .atMost(25)),
            Figure(name: "wake, warm pool, p50", value: warmTimes.median.milliseconds, unit: "ms", goal: .atMost(2)),
            Figure(name: "wake, warm pool, p99", value: warmTimes.at(99).milliseconds, unit: "ms"),
            Figure(name: "\(manyCount) wakes at once, p50", value: many.median.milliseconds, unit: "ms"),
            Figure(
                name: "\(manyCount) wakes at once, p99", value: many.at(99).milliseconds, unit: "ms", goal: .atMost(600)
            ),
        ]
    }

    /// A cluster with one project of 10 MB.
    private struct Site {
        let cluster: TrialCluster
        let project: TrialCluster.Project

        init(warm: Int) throws {
            cluster = try TrialCluster(clusterFile: ClusterText.make(warm: warm))
            project = try cluster.createProject("wake")
            let filler = String(repeating: "x", count: 10_000)
            let connection = try BlockingConnection(cluster.front)
            for index in 0..<1_000 {
                let answer = try connection.exchange(
                    "POST", "/v1/database/collections/notes/documents", fields: ["X-Bunbase-Client-Key": project.key],
                    body: Array(#"{"_id":"n\#(index)","text":"\#(filler)"}"#.utf8))
                guard answer.status == 201 else { throw TrialCluster.Failure("\(answer.status) \(answer.text)") }
            }
        }

        func wake() throws -> Duration {
            try cluster.command("drain", project, "bundoc")
            let connection = try BlockingConnection(cluster.front)
            defer { connection.close() }
            let clock = ContinuousClock()
            var answer: HTTPAnswer?
            let time = try clock.measure {
                answer = try connection.exchange(
                    "GET", "/v1/database/collections/notes/documents/n500",
                    fields: ["X-Bunbase-Client-Key": project.key])
            }
            guard answer?.status == 200 else {
                throw TrialCluster.Failure("\(answer?.status ?? 0) \(answer?.text ?? "")")
            }
            return time
        }
    }

    private static func manyAtOnce(_ cluster: TrialCluster) throws -> Percentiles {
        let projects = try (0..<manyCount).map { try cluster.createProject("many \($0)") }
        let front = cluster.front
        var times: [Duration] = []
        for _ in 0..<manyRounds {
            for project in projects {
                _ = try exchange(
                    cluster.front, "PUT", "/v1/kv/kv/a", fields: ["X-Bunbase-Client-Key": project.key], body: [1])
                try cluster.command("drain", project, "bunder")
            }
            times += try Crowd.run(projects.count) { index in
                let connection = try BlockingConnection(front, patience: .seconds(60))
                return {
                    defer { connection.close() }
                    let answer = try connection.exchange(
                        "GET", "/v1/kv/kv/a", fields: ["X-Bunbase-Client-Key": projects[index].key])
                    guard answer.status == 200 else { throw TrialCluster.Failure("\(answer.status) \(answer.text)") }
                }
            }
        }
        return Percentiles(times)
    }
}
