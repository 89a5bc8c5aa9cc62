import Foundation
import Glibc
import JSON
import Testing
import Trial

/// A cluster with two projects: one that tries to get out, and one that it must not reach.
///
/// Each project has the same probe behind different walls: `climber` behind all that bundoc has, `worker` behind those
/// of a program nobody wrote for BunBase, in a network of its own, and `loose` behind nothing but its user. What
/// `loose` can do to its own project shows that the probe can climb where no wall is.
final class ClimbingSite {
    let cluster: TrialCluster
    let tenant: Tenant
    let victim: Tenant

    /// One project, and what stands for it on the machine.
    struct Tenant {
        let cluster: TrialCluster
        let project: TrialCluster.Project
        let client: Client

        init(_ cluster: TrialCluster, _ name: String) throws {
            self.cluster = cluster
            project = try cluster.createProject(name)
            client = Client(cluster, project)
        }

        /// The code with which the attempt fails; 0: it succeeded.
        func climb(_ kind: String, _ what: String, _ target: String = "") throws -> Int32 {
            let answer = try client.post("/v1/\(kind)/climb/\(what)", target)
            return try #require(Int32(answer.text), "\(kind) \(what): \(answer.status) \(answer.text)")
        }

        func fact(_ kind: String, _ what: String) throws -> String { try client.get("/v1/\(kind)/facts/\(what)").text }

        func pid(_ kind: String) throws -> String { try fact(kind, "pid") }

        func port(_ kind: String) throws -> Int {
            _ = try pid(kind)
            return try #require(try cluster.instance(project, kind)["port"]?.int)
        }

        func notifySocket(_ kind: String) throws -> String {
            _ = try pid(kind)
            let incarnation = try #require(try cluster.instance(project, kind)["incarnation"]?.int)
            return "\(cluster.home)/run/notify/\(incarnation)"
        }

        func directory(_ kind: String) -> String { "\(cluster.home)/data/projects/\(project.id)/\(kind)" }

        /// A file of the project's, written by its own process.
        func file(_ kind: String) throws -> String {
            let path = directory(kind) + "/own"
            #expect(try climb(kind, "write", path) == 0)
            return path
        }

        var user: UInt32? {
            get throws {
                try cluster.instance(project, "loose")["user"]?.int.map { UInt32($0) }
            }
        }
    }

    /// - Parameters:
    ///   - isolation: the cluster file's section.
    ///   - user: whom the supervisor runs as.
    init(isolation: String = "{}", user: UInt32? = nil) throws {
        cluster = try TrialCluster(clusterFile: Self.clusterFile(isolation: isolation), user: user)
        tenant = try Tenant(cluster, "tenant")
        victim = try Tenant(cluster, "victim")
    }

    static func clusterFile(isolation: String) -> String {
        let program = "\(TrialCluster.programsBesideMe)/trial-climber"
        return """
            isolation: \(isolation)
            kinds:
              climber:
                program: \(program)
                control: true
                limits: {files: 100, pids: 12, memory: 128MiB}
                isolation: {network: inherited, private_tmp: false, read: []}
              loose:
                program: \(program)
                control: true
                limits: {files: 100, pids: 12, memory: 128MiB, file_size: 8MiB}
                isolation: {landlock: false, seccomp: false, private_tmp: false}
              worker:
                program: \(program)
                control: true
                limits: {files: 100, pids: 12, memory: 128MiB}
                isolation: {network: empty}
              bunder: {}
              platform: {}
              front: {}
            routes:
              - {prefix: /v1/climber/, kind: climber, rewrite: /}
              - {prefix: /v1/loose/, kind: loose, rewrite: /}
              - {prefix: /v1/worker/, kind: worker, rewrite: /}
              - {prefix: /v1/kv/, kind: bunder, rewrite: "/kv/{project}/"}

            """
    }

    func wall(_ name: String) throws -> JSONValue? {
        try cluster.status()["isolation"]?["walls"]?.array?.first { $0["wall"]?.string == name }
    }

    deinit { cluster.stop() }
}
