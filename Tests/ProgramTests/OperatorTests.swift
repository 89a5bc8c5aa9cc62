import Foundation
import JSON
import Testing
import Trial

/// What operators set and make takes effect at once, through the command line and the real programs.
@Suite(.serialized)
struct OperatorTests {
    private func ask(
        _ cluster: TrialCluster, _ path: String, host: String = "localhost", _ fields: [String: String] = [:]
    ) throws -> HTTPAnswer {
        let connection = try BlockingConnection(cluster.front, patience: .seconds(40))
        defer { connection.close() }
        return try connection.exchange(
            "GET", path, fields: fields.merging(["Connection": "close"]) { a, _ in a }, host: host)
    }

    @Test func `a token opens what it was made for, until it is revoked`() throws {
        let cluster = try TrialCluster(clusterFile: "node: operator\n")
        defer { cluster.stop() }
        let (demo, other) = (try cluster.createProject("demo"), try cluster.createProject("other"))
        #expect(try Client(cluster, demo).put("/v1/kv/kv/a", "1").status == 200)
        #expect(try Client(cluster, other).put("/v1/kv/kv/a", "2").status == 200)

        let made = try cluster.run(["tokens", "create", "ci", "--project", "demo", "--expires", "1d", "--json"])
        let token = try #require(try JSONValue(parsing: Array(made.output.utf8))["token"]?.string)
        let bearer = ["Authorization": "Bearer \(token)"]
        #expect(try ask(cluster, "/v1/kv/kv/a", bearer).text == "1")
        let elsewhere = bearer.merging(["X-Bunbase-Project": "other"]) { a, _ in a }
        #expect(try ask(cluster, "/v1/kv/kv/a", elsewhere).json["code"] == "token.project_forbidden")

        let all = try cluster.run(["tokens", "create", "all", "--json"])
        let master = try #require(try JSONValue(parsing: Array(all.output.utf8))["token"]?.string)
        let chosen = ["Authorization": "Bearer \(master)", "X-Bunbase-Project": "other"]
        #expect(try ask(cluster, "/v1/kv/kv/a", chosen).text == "2")

        let list = try cluster.run(["tokens", "list"])
        #expect(list.output.contains("ci") && list.output.contains(demo.id) && !list.output.contains(token))
        #expect(try cluster.run(["tokens", "revoke", "ci"]).code == 0)
        #expect(try ask(cluster, "/v1/kv/kv/a", bearer).json["code"] == "token.unknown")
        #expect(try ask(cluster, "/v1/kv/kv/a", chosen).text == "2")
    }

    @Test func `a project's limits hold when the command returns, and no longer than they are set`() throws {
        let cluster = try TrialCluster(clusterFile: "node: operator\n")
        defer { cluster.stop() }
        let client = Client(cluster, try cluster.createProject("demo"))
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        #expect(try client.get("/v1/kv/kv/a")["ratelimit"] == nil)

        let set = try cluster.run(["limits", "set", "demo", "rate=1", "burst=1", "wait=0s"])
        #expect(set.code == 0 && set.output.contains("rate=1"))
        #expect(try client.get("/v1/kv/kv/a")["ratelimit-policy"] == "\"project\";q=1;w=1")
        let refused = try client.get("/v1/kv/kv/a")
        #expect(refused.status == 429 && refused.json["code"] == "project.rate_exceeded")
        let shown = try cluster.run(["limits", "show", "demo"]).output
        #expect(shown.contains("bunbase limits set") && shown.contains("1024"))

        #expect(try cluster.run(["limits", "clear", "demo"]).code == 0)
        for _ in 0..<3 { #expect(try client.get("/v1/kv/kv/a").status == 200) }
        let wrong = try cluster.run(["limits", "set", "demo", "speed=1"])
        #expect(wrong.code == 1 && wrong.output.contains("requests, rate, burst"))
    }

    @Test func `a host names the project, and a reload that adds one leaves what is under way alone`() throws {
        let plain = "node: operator\nroutes:\n- {prefix: /v1/kv/, kind: bunder, rewrite: '/kv/{project}/'}\n"
        let cluster = try TrialCluster(clusterFile: plain)
        defer { cluster.stop() }
        let project = try cluster.createProject("demo")
        #expect(try Client(cluster, project).put("/v1/kv/kv/a", "1").status == 200)
        #expect(try ask(cluster, "/kv/a", host: "demo.kv.test").status == 404)

        let stream = try BlockingConnection(cluster.front, patience: .seconds(40))
        defer { stream.close() }
        let body = Array("half".utf8)
        let head = "PUT /v1/kv/kv/b HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: \(project.key)\r\n"
        try stream.send(Array((head + "Content-Length: 8\r\n\r\n").utf8) + body)
        let added =
            plain + "- {host: '{project}.kv.test', prefix: /, kind: bunder, rewrite: '/kv/{project}/', "
            + "access: public}\n"
        try added.write(toFile: cluster.clusterFile, atomically: true, encoding: .utf8)
        #expect(try cluster.run(["reload"]).code == 0)
        try cluster.wait(for: "the front to know the new route") {
            try ask(cluster, "/kv/a", host: "demo.kv.test").text == "1"
        }
        #expect(try ask(cluster, "/kv/a", host: "nobody.kv.test").json["code"] == "project.unknown")
        try stream.send(body)
        #expect(try stream.answer(to: "PUT").status == 200)
        #expect(try Client(cluster, project).get("/v1/kv/kv/b").text == "halfhalf")
    }
}
