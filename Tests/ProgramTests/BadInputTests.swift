import Foundation
import JSON
import Testing
import Trial

/// Bad input gets the right status, a stable code and a sentence, and harms nothing.
@Suite(.serialized)
final class BadInputTests {
    let cluster: TrialCluster
    let client: Client

    init() throws {
        cluster = try TrialCluster(
            clusterFile: """
                routes:
                  - {prefix: /v1/database/, kind: bundoc, rewrite: "/v1/projects/{project}/databases/(default)/"}
                  - {prefix: /v1/kv/, kind: bunder, rewrite: "/kv/{project}/", body_max: 64KiB}

                """)
        client = Client(cluster, try cluster.createProject("good"))
    }

    deinit { cluster.stop() }

    private func refused(_ answer: HTTPAnswer, _ status: Int, _ code: String) {
        #expect(answer.status == status)
        #expect(answer.json["code"]?.string == code)
        #expect((answer.json["error"]?.string ?? "").count > 10)
    }

    @Test func `without a key, or with one that opens nothing`() throws {
        refused(try exchange(cluster.front, "GET", "/v1/kv/kv/a"), 401, "key.required")
        for key in ["pk_" + String(repeating: "0", count: 32), "nonsense", String(repeating: "k", count: 5000)] {
            refused(
                try exchange(cluster.front, "GET", "/v1/kv/kv/a", fields: ["X-Bunbase-Client-Key": key]), 401,
                "key.unknown")
        }
    }

    @Test func `a path that leads nowhere`() throws {
        refused(try client.get("/v2/elsewhere"), 404, "route.unknown")
    }

    @Test func `a body over the limit, announced or not`() throws {
        refused(try client.put("/v1/kv/kv/a", String(repeating: "x", count: 70_000)), 413, "request.body_too_long")
        let connection = try BlockingConnection(cluster.front)
        try connection.send(
            "PUT /v1/kv/kv/a HTTP/1.1\r\nHost: a\r\nX-Bunbase-Client-Key: \(client.key)\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n")
        let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
        for _ in 0..<6 { try? connection.send(chunk) }
        #expect(try connection.answer(to: "PUT").status == 413)
    }

    @Test func `what is not JSON`() throws {
        let path = "/v1/database/collections/notes/documents"
        #expect(try client.post(path, #"{"text": "#).status == 400)
        #expect(try client.post(path, "[1]").status == 400)
        #expect(try client.post(path, #"{"text":"ok"}"#).status == 201)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n",
    ])
    func `what is not HTTP`(text: String) throws {
        let connection = try BlockingConnection(cluster.front)
        try connection.send(text)
        #expect(try connection.answer(to: "GET").status == 400)
        #expect(try connection.readToEnd() == [])
    }

    @Test func `names outside the form say the form`() throws {
        let name = try exchange(cluster.platform, "POST", "/projects", body: Array(#"{"name":""}"#.utf8))
        #expect(name.status == 400)
        #expect(name.json["error"]?.string?.contains("1") == true)
        let long = try client.put("/v1/kv/kv/" + String(repeating: "k", count: 5000), "1")
        #expect(long.status == 400)
    }

    @Test func `a project that is not there`() throws {
        let answer = try exchange(cluster.platform, "GET", "/projects/nobody")
        refused(answer, 404, "project.unknown")
        let (code, output) = try cluster.run(["projects", "delete", "nobody", "--yes"])
        #expect(code == 3)
        #expect(output.contains("nobody"))
    }

    @Test func `a page from elsewhere cannot read the status`() throws {
        let connection = try BlockingConnection(.port(cluster.statusPort))
        #expect(try connection.exchange("GET", "/status", host: "evil.example").status == 421)
        let other = try BlockingConnection(.port(cluster.statusPort))
        #expect(try other.exchange("GET", "/status", host: "127.0.0.1:\(cluster.statusPort)").status == 200)
    }

    @Test func `the loopback status changes nothing`() throws {
        let connection = try BlockingConnection(.port(cluster.statusPort))
        let answer = try connection.exchange("POST", "/shutdown", host: "127.0.0.1:\(cluster.statusPort)")
        #expect([403, 404, 405].contains(answer.status))
        #expect(try cluster.status()["state"]?.string != nil)
    }

    @Test func `a cluster file with mistakes is refused at start, and on reload the old one stays`() throws {
        let bad = cluster.home + "/bad.yaml"
        try "ports: 9000-8000\nkindz: {}\n".write(toFile: bad, atomically: true, encoding: .utf8)
        let (code, output) = try cluster.run(["config", "check", bad])
        #expect(code != 0)
        #expect(output.contains("bad.yaml:1:") && output.contains("bad.yaml:2:") && output.contains("kindz"))

        try "nonsense: true\n".write(toFile: cluster.clusterFile, atomically: true, encoding: .utf8)
        let (reloaded, words) = try cluster.run(["reload"])
        #expect(reloaded != 0)
        #expect(words.contains("nonsense"))
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
    }
}
