import Foundation
import Glibc
import JSON
import Testing
import Trial

/// The front's and the platform's own ends reach as far as documented, and no further.
@Suite(.serialized)
struct ServiceFaultTests {
    @Test func `a killed front costs what was in flight in it; new connections wait`() throws {
        let cluster = try TrialCluster(clusterFile: "node: front\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        let client = Client(cluster, project)
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        let handedOver = try Redis(cluster, project)
        #expect(try handedOver.command("GET", "a") == "1")
        let worker = try #require(try cluster.pid(project, "bunder"))
        for _ in 0..<5 {
            let front = try #require(try cluster.pid(service: "front"))
            kill(front, SIGKILL)
            // Connects to the socket that the supervisor holds, whether the next front is there yet or not.
            #expect(try client.get("/v1/kv/kv/a").text == "1")
            #expect(try handedOver.command("GET", "a") == "1")
        }
        #expect(try cluster.pid(project, "bunder") == worker)
    }

    @Test func `a front that hangs is replaced`() throws {
        let cluster = try TrialCluster(
            clusterFile: "kinds:\n  bundoc: {}\n  bunder: {}\n  platform: {}\n  front: {watchdog: 1s}\n")
        defer { cluster.stop() }
        let client = Client(cluster, try cluster.createProject("p"))
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        let front = try #require(try cluster.pid(service: "front"))
        kill(front, SIGSTOP)
        #expect(try client.get("/v1/kv/kv/a").text == "1")
        // Its threads stop one after the other: one of them may have answered that.
        if try cluster.pid(service: "front") == front { #expect(try client.get("/v1/kv/kv/a").text == "1") }
        #expect(try cluster.pid(service: "front") != front)
    }

    @Test func `without its platform the data path goes on, and its commands wait`() throws {
        let cluster = try TrialCluster(clusterFile: "node: platform\n")
        defer { cluster.stop() }
        let client = Client(cluster, try cluster.createProject("p"))
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        for index in 0..<5 {
            kill(try #require(try cluster.pid(service: "platform")), SIGKILL)
            #expect(try client.get("/v1/kv/kv/a").text == "1")
            #expect(try cluster.createProject("after \(index)").slug == "after-\(index)")
        }
    }

    @Test func `front and platform killed together: known keys still open their projects`() throws {
        let cluster = try TrialCluster(clusterFile: "node: both\n")
        defer { cluster.stop() }
        let client = Client(cluster, try cluster.createProject("p"))
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        kill(try #require(try cluster.pid(service: "platform")), SIGSTOP)
        kill(try #require(try cluster.pid(service: "front")), SIGKILL)
        #expect(try client.get("/v1/kv/kv/a").text == "1")
    }

    @Test func `bunbase-init killed: the cluster goes on and can still be ended`() throws {
        let cluster = try TrialCluster(clusterFile: "node: init\n")
        defer { cluster.stop() }
        let client = Client(cluster, try cluster.createProject("p"))
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        let supervisor = try #require(try cluster.status()["pid"]?.int.map(Int32.init))
        let parent = try #require(ProcessFacts(supervisor).parent)
        kill(parent, SIGKILL)
        #expect(try client.get("/v1/kv/kv/a").text == "1")
        #expect(try cluster.run(["up", "--detach", "--cluster", cluster.clusterFile]).code == 0)
        #expect(try client.get("/v1/kv/kv/a").text == "1")
        #expect(try cluster.run(["down"]).code == 0)
        #expect(!ProcessFacts(supervisor).isAlive)
    }

    @Test func `everything killed at once comes up again with all that was acknowledged`() throws {
        let cluster = try TrialCluster(clusterFile: "node: all\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        let client = Client(cluster, project)
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        #expect(try client.post("/v1/database/collections/n/documents", #"{"_id":"a","n":7}"#).status == 201)
        let supervisor = try #require(try cluster.status()["pid"]?.int.map(Int32.init))
        let children = ProcessFacts.all.filter { $0.parent == supervisor }.map(\.pid)
        for pid in [try #require(ProcessFacts(supervisor).parent), supervisor] + children { kill(pid, SIGKILL) }
        #expect(try cluster.run(["up", "--detach", "--cluster", cluster.clusterFile]).code == 0)
        #expect(try client.get("/v1/kv/kv/a").text == "1")
        #expect(try client.get("/v1/database/collections/n/documents/a").json["n"]?.int == 7)
    }
}
