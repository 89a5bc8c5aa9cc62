import Foundation
import Glibc
import JSON
import Testing
import Trial

/// What happens to instances when the file of their program is taken away or replaced.
@Suite(.serialized)
struct ProgramFileTests {
    private func site() throws -> (cluster: TrialCluster, project: TrialCluster.Project, program: String) {
        let folder = "/tmp/bunbase-program-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let program = folder + "/program"
        try FileManager.default.copyItem(atPath: TrialCluster.programsBesideMe + "/trial-misbehaver", toPath: program)
        let cluster = try TrialCluster(
            clusterFile: """
                kinds:
                  misbehaver: {program: \(program), control: true, restart: {intensity: 2}}
                  bunder: {}
                  platform: {}
                  front: {}
                routes:
                  - {prefix: /v1/kv/, kind: bunder, rewrite: "/kv/{project}/"}
                  - {prefix: /v1/misbehaver/, kind: misbehaver, rewrite: /}

                """)
        return (cluster, try cluster.createProject("p"), program)
    }

    @Test func `a missing program is a crash with its reason, and heals when it is back`() throws {
        let (cluster, project, program) = try site()
        defer {
            cluster.stop()
            try? FileManager.default.removeItem(atPath: URL(filePath: program).deletingLastPathComponent().path)
        }
        let client = Client(cluster, project)
        let neighbour = try Neighbour(cluster)
        #expect(try client.get("/v1/misbehaver/do/pid").status == 200)
        try FileManager.default.moveItem(atPath: program, toPath: program + ".away")
        kill(try #require(try cluster.pid(project, "misbehaver")), SIGKILL)
        try cluster.wait(for: "quarantine") { try cluster.observed(project, "misbehaver") == "quarantined" }
        let state = try cluster.instance(project, "misbehaver")
        #expect(state["last_exit"]?["reason"]?.string?.contains("program missing") == true)
        #expect(try client.get("/v1/misbehaver/do/pid").json["code"]?.string == "instance.quarantined")
        try FileManager.default.moveItem(atPath: program + ".away", toPath: program)
        try cluster.command("clear", project, "misbehaver")
        #expect(try client.get("/v1/misbehaver/do/pid").status == 200)
        #expect(neighbour.failures == [])
    }

    @Test func `a replaced program is run at the next start, not before`() throws {
        let (cluster, project, program) = try site()
        defer {
            cluster.stop()
            try? FileManager.default.removeItem(atPath: URL(filePath: program).deletingLastPathComponent().path)
        }
        let client = Client(cluster, project)
        let old = try client.get("/v1/misbehaver/do/pid").text
        try FileManager.default.moveItem(atPath: program, toPath: program + ".old")
        try FileManager.default.copyItem(atPath: program + ".old", toPath: program)
        #expect(try client.get("/v1/misbehaver/do/pid").text == old)
        try cluster.command("restart", project, "misbehaver")
        let new = try client.get("/v1/misbehaver/do/pid").text
        #expect(new != old)
        let file = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(new)/exe")
        #expect(file == program)
        #expect(try cluster.instance(project, "misbehaver")["restarts"]?.int == 0)
    }
}
