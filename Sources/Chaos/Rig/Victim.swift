import Foundation
import Glibc
import JSON
import Trial

/// One instance that something is done to.
struct Victim {
    let cluster: TrialCluster
    let project: TrialCluster.Project
    let kind: String

    init(_ cluster: TrialCluster, _ project: TrialCluster.Project, _ kind: String) {
        (self.cluster, self.project, self.kind) = (cluster, project, kind)
    }

    var state: JSONValue { get throws { try cluster.instance(project, kind) } }

    /// Of its process; throws when it has none.
    var pid: Int32 {
        get throws {
            guard let pid = try state["pid"]?.int.map(Int32.init), pid > 0 else {
                throw Hand.NotDone("\(project.slug)/\(kind) has no process now")
            }
            return pid
        }
    }

    var data: String { cluster.home + "/data/projects/\(project.id)/\(kind)" }

    /// Has the supervisor do something with it. Whether it was done in time.
    @discardableResult
    func command(_ verb: String, patience: Duration = .seconds(15)) -> Bool {
        let path = "/instances/\(project.id)/\(kind)/\(verb)"
        let answer = try? exchange(cluster.control, "POST", path, patience: patience)
        return answer.map { (200..<300).contains($0.status) } ?? false
    }

    /// Tells the process that misbehaves to do something. It may answer, or not.
    func tell(_ what: String, patience: Duration = .seconds(5)) {
        _ = try? exchange(
            cluster.front, "POST", "/v1/misbehaver/do/\(what)", fields: ["X-Bunbase-Client-Key": project.key],
            body: [], patience: patience)
    }

    /// Writes something as a client. Whether it was acknowledged.
    func write(_ name: String) -> Bool {
        let path = kind == "bundoc" ? "/v1/database/collections/chaos/documents/\(name)" : "/v1/kv/kv/\(name)"
        let answer = try? exchange(
            cluster.front, "PUT", path, fields: ["X-Bunbase-Client-Key": project.key], body: Array("{}".utf8),
            patience: .seconds(10))
        return answer.map { (200..<300).contains($0.status) } ?? false
    }

    /// Ends its process and lets it start badly for a while.
    func starts(_ how: String, _ pid: Int32, for holds: Duration) throws {
        let file = data + "/start"
        try how.write(toFile: file, atomically: false, encoding: .utf8)
        Glibc.kill(pid, SIGKILL)
        Stopwatch.pause(holds)
        unlink(file)
        // Nobody waits for the next attempt.
        command("clear")
    }
}
