import Config
import Contracts
import Foundation
import JSON

/// Where a cluster that was started with `bunbase up` is reached: written beside its sockets, so that other commands
/// tell people the addresses that hold, not those of a file that has changed since.
struct RunningCluster {
    let cluster: String
    let http: String
    let resp: String
    let status: String
    let logs: String

    init(_ file: ClusterFile) {
        cluster = file.path
        (http, resp, status) = ("http://\(file.http)", "redis://\(file.resp)", "http://\(file.status)")
        logs = file.logs.directory
    }

    /// The cluster file of an installation under systemd.
    private static let installed = "/etc/bunbase/cluster.yaml"

    /// Whether its log goes to systemd's journal.
    private(set) var isJournal = false

    /// That of the home: started with `bunbase up`, or installed. Nil when there is none.
    static func of(_ home: Home) -> RunningCluster? {
        if let started = RunningCluster(home) { return started }
        let file = try? ClusterFile.load(path: installed, environment: [:], programDirectory: "/usr/lib/bunbase")
        guard let file, file.home == home else { return nil }
        var cluster = RunningCluster(file)
        cluster.isJournal = true
        return cluster
    }

    /// Nil when no cluster was started there.
    init?(_ home: Home) {
        guard let data = FileManager.default.contents(atPath: Self.path(home)),
            let value = try? JSONValue(parsing: Array(data)), let cluster = value["cluster"]?.string,
            let http = value["http"]?.string, let resp = value["resp"]?.string, let status = value["status"]?.string,
            let logs = value["logs"]?.string
        else { return nil }
        (self.cluster, self.http, self.resp) = (cluster, http, resp)
        (self.status, self.logs) = (status, logs)
    }

    func write(to home: Home) throws {
        let value = JSONValue.object(
            JSONObject([
                ("cluster", .string(cluster)), ("http", .string(http)), ("resp", .string(resp)),
                ("status", .string(status)), ("logs", .string(logs)),
            ]))
        try Data(value.bytes).write(to: URL(filePath: Self.path(home)), options: .atomic)
    }

    private static func path(_ home: Home) -> String { home.run.directory + "/cluster.json" }

    /// The addresses, and what to type next.
    func announcement(_ state: String, next: String) -> String {
        """
        BunBase \(state).

          HTTP    \(http)
          Redis   \(resp)
          Status  \(status)

        Next: \(next)
        """
    }
}
