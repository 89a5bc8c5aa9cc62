import Foundation
import Glibc
import Synchronization
import Trial

/// From `kill -9` of a project's process to the next successful answer, while others read all the time.
enum KillBench {
    static let rounds = 100

    static func run() throws -> [Figure] {
        let cluster = try TrialCluster(clusterFile: ClusterText.make(warm: 0, intensity: 1000))
        defer { cluster.stop() }
        let project = try cluster.createProject("kill")
        let key = ["X-Bunbase-Client-Key": project.key]
        let path = "/v1/database/collections/notes/documents/a"
        let connection = try BlockingConnection(cluster.front)
        let created = try connection.exchange(
            "POST", "/v1/database/collections/notes/documents", fields: key, body: Array(#"{"_id":"a"}"#.utf8))
        guard created.status == 201 else { throw TrialCluster.Failure("\(created.status) \(created.text)") }

        let load = Load(cluster.front, path, key)
        var times: [Duration] = []
        for _ in 0..<rounds {
            guard let pid = try cluster.pid(project, "bundoc") else { throw TrialCluster.Failure("no process") }
            let time = try ContinuousClock().measure {
                kill(pid, SIGKILL)
                let answer = try connection.exchange("GET", path, fields: key)
                guard answer.status == 200 else { throw TrialCluster.Failure("\(answer.status) \(answer.text)") }
            }
            times.append(time)
            // Each kill finds a process in health: with the first crash in a row the restart comes at once.
            try cluster.command("clear", project, "bundoc")
        }
        let (requests, failures) = load.finish()
        let found = Percentiles(times)
        return [
            Figure(
                name: "kill -9 to the next answer, p50", value: found.median.milliseconds, unit: "ms", goal: .atMost(12)
            ),
            Figure(name: "kill -9 to the next answer, p99", value: found.at(99).milliseconds, unit: "ms"),
            Figure(
                name: "failed reads meanwhile", value: Double(failures), unit: "", goal: .atMost(0),
                note: "of \(requests), \(rounds) kills"),
        ]
    }

    /// Four clients that read without pause.
    private final class Load: Sendable {
        private struct State {
            var requests = 0
            var failures = 0
            var isOver = false
        }
        private let state = Mutex(State())
        private let done = DispatchSemaphore(value: 0)

        init(_ address: BlockingConnection.Address, _ path: String, _ fields: [String: String]) {
            for _ in 0..<4 {
                Thread.detachNewThread { [self] in
                    var connection = try? BlockingConnection(address)
                    while !state.withLock({ $0.isOver }) {
                        let status = try? connection?.exchange("GET", path, fields: fields).status
                        state.withLock { state in
                            state.requests += 1
                            if status != 200 { state.failures += 1 }
                        }
                        if status == nil { connection = try? BlockingConnection(address) }
                    }
                    done.signal()
                }
            }
        }

        func finish() -> (requests: Int, failures: Int) {
            state.withLock { $0.isOver = true }
            for _ in 0..<4 { done.wait() }
            return state.withLock { ($0.requests, $0.failures) }
        }
    }
}
