import Foundation
import Glibc
import JSON
import Testing
import Trial

/// A front is replaced under load.
@Suite(.serialized)
struct FrontRestartTests {
    private func cluster() throws -> (TrialCluster, Client) {
        let cluster = try TrialCluster(clusterFile: "node: restarts\n")
        let client = Client(cluster, try cluster.createProject("p"))
        guard try client.put("/v1/kv/kv/a", "1").status == 200 else { throw TrialCluster.Failure("no traffic") }
        return (cluster, client)
    }

    private func restart(_ cluster: TrialCluster) throws {
        let (code, output) = try cluster.run(["services", "restart", "front"])
        guard code == 0 else { throw TrialCluster.Failure(output) }
    }

    private func leaving(_ cluster: TrialCluster) throws -> Int? {
        try cluster.status()["services"]?.array?.first { $0["kind"]?.string == "front" }?["leaving"]?.int
    }

    /// Looks again and again until something is so.
    private func until(_ isSo: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(30)
        while try !isSo() {
            guard ContinuousClock.now < end else { throw TrialCluster.Failure("the awaited did not happen") }
        }
    }

    @Test func `a planned restart loses no request at all`() throws {
        let (cluster, client) = try cluster()
        defer { cluster.stop() }
        // Begun before, ended behind all restarts.
        let upload = try BlockingConnection(cluster.front)
        try upload.send(
            "PUT /v1/kv/kv/slow HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: \(client.key)\r\n"
                + "Content-Length: 8\r\n\r\nhalf")
        let resting = try BlockingConnection(cluster.front)
        let key = ["X-Bunbase-Client-Key": client.key]
        #expect(try resting.exchange("GET", "/v1/kv/kv/a", fields: key).text == "1")
        let load = Load()
        for _ in 0..<2 {
            load.start { try Load.demand(try client.get("/v1/kv/kv/a"), 200) }
            load.start { try Load.demand(try client.post("/v1/database/collections/n/documents", "{}"), 201) }
            var kept: BlockingConnection?
            load.start {
                let connection = try kept ?? BlockingConnection(client.front)
                let answer = try connection.exchange(
                    "POST", "/v1/database/collections/k/documents", fields: key, body: Array("{}".utf8))
                try Load.demand(answer, 201)
                kept = answer["connection"] == "close" ? nil : connection
            }
        }
        load.advance(200)
        for _ in 0..<3 {
            let front = try #require(try cluster.pid(service: "front"))
            try restart(cluster)
            #expect(try cluster.pid(service: "front") != front)
            load.advance(200)
        }
        #expect(load.end().isEmpty)
        #expect(try (leaving(cluster) ?? 0) >= 1)
        try upload.send("full")
        #expect(try upload.answer(to: "PUT").status == 200)
        #expect(try client.get("/v1/kv/kv/slow").text == "halffull")
        let last = try resting.exchange("GET", "/v1/kv/kv/a", fields: key)
        #expect(last.text == "1" && last["connection"] == "close")
        upload.close()
        try until { try leaving(cluster) == 0 }
    }

    @Test func `a killed front costs only what was in flight in it, however many come`() throws {
        let (cluster, client) = try cluster()
        defer { cluster.stop() }
        let load = Load()
        for _ in 0..<4 { load.start { try Load.demand(try client.get("/v1/kv/kv/a"), 200) } }
        load.advance(100)
        for _ in 0..<4 {
            let front = try #require(try cluster.pid(service: "front"))
            load.fault {
                kill(front, SIGKILL)
                while ProcessFacts(front).isAlive {}
            }
            load.advance(200)
        }
        // Each request that failed had begun before a kill and ended behind it.
        let failures = load.end()
        #expect(!failures.contains { !$0.wasInFlight }, "\(failures)")
        #expect(failures.count <= 4 * 4)
    }

    @Test func `a successor that does not work leaves the old front in place`() throws {
        let programs = FileManager.default.temporaryDirectory.appending(path: "programs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: programs) }
        let front = programs + "/front"
        try FileManager.default.createSymbolicLink(
            atPath: front, withDestinationPath: TrialCluster.programsBesideMe + "/bunbase-front")
        let cluster = try TrialCluster(
            clusterFile: "kinds:\n  bundoc: {}\n  bunder: {}\n  platform: {}\n  front: {program: \(front)}\n")
        defer { cluster.stop() }
        let client = Client(cluster, try cluster.createProject("p"))
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        let old = try #require(try cluster.pid(service: "front"))
        try FileManager.default.removeItem(atPath: front)
        try FileManager.default.createSymbolicLink(atPath: front, withDestinationPath: "/bin/false")
        #expect(try cluster.run(["services", "restart", "front"]).code != 0)
        #expect(try cluster.pid(service: "front") == old)
        #expect(try client.get("/v1/kv/kv/a").text == "1")
    }
}
