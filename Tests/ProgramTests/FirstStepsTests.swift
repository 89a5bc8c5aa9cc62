import Foundation
import Glibc
import JSON
import Testing
import Trial

/// What a new user does, in the order of `docs/start.md`, with the real programs.
@Suite(.serialized)
struct FirstStepsTests {
    @Test func `a project stores documents and values, and keeps them when anything is killed`() throws {
        let cluster = try TrialCluster(clusterFile: "node: first\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("demo")
        let client = Client(cluster, project)

        #expect(try client.post("/v1/database/collections/notes/documents", #"{"_id":"a","text":"one"}"#).status == 201)
        #expect(try client.put("/v1/kv/kv/greeting", "hello").status == 200)

        for kind in ["bundoc", "bunder"] {
            let pid = try #require(try cluster.pid(project, kind))
            kill(pid, SIGKILL)
            try cluster.wait(for: "\(kind) to serve again") {
                let instance = try cluster.instance(project, kind)
                return instance["observed"]?.string == "serving" && instance["pid"]?.int.map(Int32.init) != pid
            }
            let instance = try cluster.instance(project, kind)
            #expect(instance["restarts"]?.int == 1)
            #expect(instance["last_exit"]?["signal"]?.int == 9)
        }
        for service in ["front", "platform"] {
            let pid = try #require(try cluster.pid(service: service))
            kill(pid, SIGKILL)
            try cluster.wait(for: "\(service) to serve again") {
                let found = try cluster.pid(service: service)
                return found != nil && found != pid
            }
        }
        #expect(try client.get("/v1/database/collections/notes/documents/a").json["text"]?.string == "one")
        #expect(try client.get("/v1/kv/kv/greeting").text == "hello")
        #expect(try cluster.createProject("second").slug == "second")
    }

    @Test func `the first request says what the wake took, the second needed none`() throws {
        let cluster = try TrialCluster(clusterFile: "node: first\n")
        defer { cluster.stop() }
        let client = Client(cluster, try cluster.createProject("demo"))
        let first = try client.put("/v1/kv/kv/a", "1")
        #expect(first["server-timing"]?.hasPrefix("wake;dur=") == true)
        let second = try client.put("/v1/kv/kv/a", "2")
        #expect(second["server-timing"] == nil)
    }

    @Test func `a deleted project answers nobody and leaves nothing behind`() throws {
        let cluster = try TrialCluster(clusterFile: "node: first\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("gone")
        let client = Client(cluster, project)
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        let folder = cluster.home + "/data/projects/" + project.id
        #expect(FileManager.default.fileExists(atPath: folder))

        let redis = try Redis(cluster, project)
        let deleted = try exchange(cluster.platform, "DELETE", "/projects/\(project.id)")
        #expect((200..<300).contains(deleted.status))
        #expect(try client.get("/v1/kv/kv/a").status == 401)
        #expect(throws: (any Error).self) { try redis.command("GET", "a") }
        #expect(!FileManager.default.fileExists(atPath: folder))
        #expect(try cluster.status()["instances"]?.array?.contains { $0["project"]?.string == project.id } == false)
    }

    @Test func `a rotated key is dead when the command returns`() throws {
        let cluster = try TrialCluster(clusterFile: "node: first\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("demo")
        let old = Client(cluster, project)
        #expect(try old.put("/v1/kv/kv/a", "1").status == 200)
        let redis = try Redis(cluster, project)
        #expect(try redis.command("GET", "a") == "1")
        let rotated = try exchange(cluster.platform, "POST", "/projects/\(project.id)/keys/rotate")
        let key = try #require(rotated.json["public_api_key"]?.string)
        #expect(try old.get("/v1/kv/kv/a").status == 401)
        #expect(rotated.json["connections_ended"]?.bool == true)
        #expect(try redis.connection.readLine() == "-ERR the project's key was changed")
        #expect(throws: (any Error).self) { try redis.connection.readLine() }
        let new = Client(cluster, TrialCluster.Project(id: project.id, slug: project.slug, key: key))
        #expect(try new.get("/v1/kv/kv/a").text == "1")
    }
}
