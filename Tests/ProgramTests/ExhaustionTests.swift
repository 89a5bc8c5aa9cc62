import Foundation
import Glibc
import JSON
import Testing
import Trial

/// A machine that has no more to give costs those who ask for it, and nobody who was served before.
@Suite(.serialized)
struct ExhaustionTests {
    @Test func `with no descriptor left the front lets newcomers wait, and goes on when some are free`() throws {
        let cluster = try TrialCluster(
            clusterFile: "kinds:\n  bundoc: {}\n  bunder: {}\n  platform: {}\n  front: {limits: {files: 48}}\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        let key = ["X-Bunbase-Client-Key": project.key]
        let served = try BlockingConnection(cluster.front)
        #expect(try served.exchange("PUT", "/v1/kv/kv/a", fields: key, body: [1]).status == 200)
        let front = try #require(try cluster.pid(service: "front"))

        var crowd = try (0..<100).map { _ in try BlockingConnection(cluster.front) }
        #expect(try served.exchange("GET", "/v1/kv/kv/a", fields: key).body == [1])
        for connection in crowd { connection.close() }
        crowd = []
        #expect(try Client(cluster, project).get("/v1/kv/kv/a").body == [1])
        #expect(try cluster.pid(service: "front") == front)
    }

    @Test func `a full disk refuses writes, keeps what was acknowledged, and takes deletes`() throws {
        guard getuid() == 0 else { return }
        let cluster = try TrialCluster(clusterFile: "node: full\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        let folder = cluster.home + "/data/projects/" + project.id
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard mount("tmpfs", folder, "tmpfs", 0, "size=3m") == 0 else {
            Issue.record("a small file system cannot be mounted here: \(errno)")
            return
        }
        defer { umount2(folder, Int32(MNT_DETACH)) }
        let client = Client(cluster, project)
        let neighbour = try Neighbour(cluster)
        let value = String(repeating: "v", count: 60_000)
        var kept: [String] = []
        var refused: HTTPAnswer?
        for index in 0..<200 where refused == nil {
            let answer = try client.put("/v1/kv/kv/k\(index)", value)
            if answer.status == 200 { kept.append("k\(index)") } else { refused = answer }
        }
        #expect(refused?.status == 507)
        #expect(refused?.json["code"]?.string?.isEmpty == false)
        #expect(kept.count > 5)
        for name in kept { #expect(try client.get("/v1/kv/kv/\(name)").body.count == value.utf8.count) }
        kill(try #require(try cluster.pid(project, "bunder")), SIGKILL)
        for name in kept { #expect(try client.get("/v1/kv/kv/\(name)").body.count == value.utf8.count) }
        #expect(try client.send("DELETE", "/v1/kv/kv/\(kept[0])").status == 200)
        #expect(neighbour.failures == [])
        try cluster.command("stop", project, "bunder")
    }
}
