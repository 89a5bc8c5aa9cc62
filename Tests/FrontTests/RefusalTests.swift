import Contracts
import FrontShell
import HTTP
import Linux
import Nouns
import Testing

@Suite struct RefusalTests {
    struct Case: CustomTestStringConvertible {
        let request: String
        let status: Int
        let code: String
        init(_ request: String, _ status: Int, _ code: String) {
            (self.request, self.status, self.code) = (request, status, code)
        }
        var testDescription: String { "\(status) \(code)" }
    }

    @Test func `each refusal has its status, code and body, and the connection goes on where it can`() throws {
        let stage = try Stage()
        try stage.start()
        let long = String(repeating: "a", count: 20_000)
        let cases = [
            Case("GET /v1/database/a HTTP/1.1\r\nHost: h\r\n\r\n", 401, "key.required"),
            Case("GET /v1/database/a?key=pk_1 HTTP/1.1\r\nHost: h\r\n\r\n", 401, "key.unknown"),
            Case("GET /v1/database/a?key=a&key=b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "key.repeated"),
            Case("GET /other HTTP/1.1\r\nHost: h\r\n\r\n", 404, "route.unknown"),
            Case("GET /v1/database HTTP/1.1\r\nHost: h\r\n\r\n", 404, "route.unknown"),
            Case(Stage.get("/v1/database/%2e%2E/x"), 400, "request.path_ambiguous"),
            Case(Stage.get("/v1/database/%zz"), 400, "request.percent_malformed"),
            Case("TRACE /v1/database/a HTTP/1.1\r\nHost: h\r\n\r\n", 501, "request.method_unsupported"),
            Case(
                Stage.get("/v1/database/a", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), 501, "upgrade.unsupported"
            ),
            Case(
                Stage.head("POST /v1/database/a", "Content-Length: 1000001\r\n"),
                413, "request.body_too_long"),
            Case("GET /\(long) HTTP/1.1\r\nHost: h\r\n\r\n", 414, "request.target_too_long"),
            Case("GET / HTTP/1.1\r\nHost: h\r\nA: \(long)\r\n\r\n", 431, "request.head_too_long"),
            Case(
                "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 101) + "\r\n", 431,
                "request.fields_too_many"),
            Case("GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400, "request.field_spaced"),
            Case("GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505, "request.version_unsupported"),
        ]
        for test in cases {
            let answer = try stage.ask(test.request)
            #expect(answer.status == test.status, "\(test.code)")
            #expect(answer.code == test.code)
            #expect(answer["content-type"] == "application/json")
            #expect(answer.body.contains("\"party\":\""))
        }
        let client = try stage.client()
        client.say("GET /nothing HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine-1\r\n\r\n")
        let first = try stage.answer(client)
        #expect(first["x-request-id"] == "mine-1")
        #expect(first.body.contains("\"request_id\":\"mine-1\""))
        client.say(
            "POST /nothing HTTP/1.1\r\nHost: h\r\nX-Request-Id: <x>\r\nContent-Length: 4\r\n\r\nbody"
                + "GET /else HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        let both = try stage.answers(client, 2)
        #expect(both.map(\.status) == [404, 404])
        #expect(try #require(both[0]["x-request-id"]).hasPrefix("0000000000000f00-"))
        #expect(stage.supervisor.heard.allSatisfy { if case .request = $0 { false } else { true } })
    }

    @Test func `a body in chunks is cut off at the limit, and the instance's connection with it`() throws {
        let stage = try Stage()
        stage.supervisor.routes[0].bodyMax = 1000
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(
            Stage.head("POST /v1/database/a", "Transfer-Encoding: chunked\r\n")
        )
        try stage.until { instance.peers.count == 1 }
        client.say("3e8\r\n" + String(repeating: "x", count: 1000) + "\r\n1\r\ny\r\n")
        let answer = try stage.answer(client)
        #expect(answer.status == 413)
        #expect(answer["connection"] == "close")
        try stage.until { client.hasEnded && instance.peers[0].hasEnded }
    }

    @Test func `the supervisor's refusal reaches all who wait, with its time to try again`() throws {
        let stage = try Stage()
        try stage.start()
        let clients = try (0..<5).map { _ in try stage.client() }
        for client in clients { client.say(Stage.get()) }
        var tickets: [UInt64] = []
        stage.supervisor.answer = { _, ticket in
            tickets.append(ticket)
            return nil
        }
        try stage.until { tickets.count == 1 && stage.front.waitingCount == 5 }
        stage.supervisor.say(
            .refuse(
                ticket: tickets[0],
                Fault(503, "instance.quarantined", "It crashed too often.", party: .instance, retryAfter: .seconds(41)))
        )
        for client in clients {
            let answer = try stage.answer(client)
            #expect(answer.status == 503)
            #expect(answer.code == "instance.quarantined")
            #expect(answer["retry-after"] == "41")
        }
        #expect(tickets.count == 1)
    }

    @Test func `a wait ends at its limit and is withdrawn`() throws {
        let stage = try Stage(limits: { $0.waitMax = .milliseconds(50) })
        try stage.start()
        let answer = try stage.ask(Stage.get())
        #expect(answer.status == 503)
        #expect(answer.code == "instance.wait_timed_out")
        try stage.until { stage.supervisor.heard.contains { if case .withdraw = $0 { true } else { false } } }
    }

    @Test func `an instance that does not answer in time is 504, and a slow head 408`() throws {
        let stage = try Stage(limits: { $0.headTimeout = .milliseconds(60) }, timeout: .milliseconds(60))
        try stage.start()
        let instance = try stage.instance()
        let answer = try stage.ask(Stage.get())
        #expect(answer.status == 504)
        #expect(answer.code == "instance.response_timed_out")
        try stage.until { instance.peers[0].hasEnded }
        let slow = try stage.ask("GET / HTTP/1.1\r\nHo")
        #expect(slow.code == "request.head_timeout")
        let silent = try stage.client()
        try stage.until { silent.hasEnded }
        #expect(silent.received.isEmpty)
    }

    @Test func `a body that stops coming is 408`() throws {
        let stage = try Stage(limits: { $0.bodyTimeout = .milliseconds(60) })
        try stage.start()
        _ = try stage.instance()
        let answer = try stage.ask(
            Stage.head("POST /v1/database/a", "Content-Length: 9\r\n") + "bod"
        )
        #expect(answer.code == "request.body_timeout")
    }

    @Test func `a body that trickles is 408, one that is quick enough is not`() throws {
        let stage = try Stage(limits: { ($0.bodyTimeout, $0.rateMin) = (.milliseconds(100), 1_000) })
        try stage.start()
        let instance = try stage.instance()
        for (step, isQuick) in [(1, false), (200, true)] {
            let client = try stage.client()
            client.say(Stage.head("POST /v1/database/a", "Content-Length: 1000\r\n"))
            var (next, left) = (stage.loop.now, 1000)
            try stage.until {
                if stage.loop.now >= next, left > 0 {
                    client.say([UInt8](repeating: 97, count: step))
                    (next, left) = (stage.loop.now + .milliseconds(60), left - step)
                }
                return !client.text.isEmpty
                    || instance.peers.last?.text.hasSuffix(String(repeating: "a", count: 1000)) == true
            }
            #expect(client.text.contains("request.body_timeout") == !isQuick)
        }
    }

    @Test func `an instance that answers nothing is left alone after some requests, until it answers one`() throws {
        let stage = try Stage(timeout: .milliseconds(30))
        try stage.start()
        let instance = try stage.instance()
        for _ in 0..<8 { #expect(try stage.ask(Stage.get()).code == "instance.response_timed_out") }
        let answer = try stage.ask(Stage.get())
        #expect(answer.status == 503 && answer.code == "instance.unresponsive")
        #expect(answer["retry-after"] == "1")
        instance.answer { _ in "well again" }
        let begin = stage.loop.now
        try stage.until { try! stage.ask(Stage.get()).status == 200 }
        #expect(stage.loop.now - begin < .seconds(2))
        #expect(try stage.ask(Stage.get()).body == "well again")
    }

    @Test func `one project's requests are limited, another's are not`() throws {
        let stage = try Stage(limits: { ($0.project.requests, $0.project.waiting) = (2, 0) })
        let otherKey = "pk_" + String(repeating: "b", count: 32)
        stage.platform.entries.append(KeyEntry(project: ProjectID("other")!, slug: "other", key: otherKey))
        try stage.start()
        let instance = try stage.instance()
        let waiting = try [stage.client(), stage.client()]
        for client in waiting { client.say(Stage.get()) }
        try stage.until { instance.peers.count == 2 }
        let answer = try stage.ask(Stage.get())
        #expect(answer.status == 429)
        #expect(answer.code == "project.requests_too_many")
        let other = try FakeInstance(
            InstanceID(ProjectID("other")!, .bundoc), generation: 2, in: stage.directory, on: stage.loop)
        other.answer { _ in "mine" }
        stage.supervisor.answer = { _, ticket in .grant(ticket: ticket, other.endpoint) }
        #expect(try stage.ask(Stage.get().replacing(Stage.key, with: otherKey)).body == "mine")
        instance.peers[0].say("HTTP/1.1 204 No Content\r\n\r\n")
        try stage.until { waiting[0].received.count + waiting[1].received.count > 0 }
        instance.answer { _ in "room" }
        #expect(try stage.ask(Stage.get()).body == "room")
    }

    @Test func `connections beyond the limit are told so`() throws {
        let stage = try Stage(limits: { $0.connectionsMax = 2 })
        try stage.start()
        let open = try [stage.client(), stage.client()]
        try stage.until { stage.front.connectionCount == 2 }
        #expect(try stage.ask(Stage.get()).code == "connections.too_many")
        open[0].close()
        try stage.until { stage.front.connectionCount == 1 }
        try stage.instance().answer { _ in "in" }
        #expect(try stage.ask(Stage.get()).body == "in")
    }

    @Test func `what is no HTTP from an instance is 502`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        for nonsense in [
            "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "nonsense\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            instance.onBytes = { $0.say(nonsense) }
            #expect(try stage.ask(Stage.get()).code == "instance.response_malformed")
        }
    }

    @Test func `browsers of other origins are answered when they have or announce a key`() throws {
        let stage = try Stage()
        try stage.start()
        try stage.instance().answer { _ in "" }
        let preflight = try stage.ask(
            "OPTIONS /v1/database/a HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n"
                + "Access-Control-Request-Headers: content-type, X-Bunbase-Client-Key\r\n\r\n")
        #expect(preflight.status == 204)
        #expect(preflight["access-control-allow-origin"] == "https://app.example")
        #expect(preflight["access-control-allow-credentials"] == "true")
        #expect(try #require(preflight["access-control-allow-headers"]).contains("X-Bunbase-Client-Key"))
        #expect(try #require(preflight["access-control-allow-methods"]).contains("DELETE"))
        let plain = try stage.ask("OPTIONS /v1/database/a HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n\r\n")
        #expect(plain.status == 204)
        #expect(plain["access-control-allow-origin"] == nil)
        let answer = try stage.ask(Stage.get("/v1/database/a", "Origin: https://app.example\r\n"))
        #expect(answer["access-control-allow-origin"] == "https://app.example")
        #expect(answer["vary"] == "Origin")
        let refused = try stage.ask(Stage.get("/none", "Origin: https://app.example\r\n"))
        #expect(refused.status == 404)
        #expect(refused["access-control-allow-origin"] == "https://app.example")
    }

    static let evil = "GET /v1/database/evil HTTP/1.1\r\nHost: h\r\n\r\n"

    /// Each has a field line or two that some server reads in another way than the next.
    @Test(arguments: [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(evil)",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n\(evil)",
        "Transfer-Encoding:\u{b}chunked\r\n\r\n0\r\n\r\n\(evil)",
        "Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n\(evil)",
        "Transfer-Encoding: chunked\r\n\r\n0\n\n\(evil)",
        "Content-Length: 0\r\nContent-Length: 44\r\n\r\n\(evil)",
        "Content-Length : 44\r\n\r\n\(evil)",
        "X: y\nContent-Length: 44\r\n\r\n\(evil)",
        "X: y\rContent-Length: 44\r\n\r\n\(evil)",
        " Content-Length: 44\r\n\r\n\(evil)",
        "Host: evil\r\n\r\n\(evil)",
    ]) func `smuggled requests never reach an instance, and end the connection`(_ attack: String) throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        let head = "POST /v1/database/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: \(Stage.key)\r\n"
        client.say(head + attack)
        try stage.until { client.hasEnded }
        let (answers, rest) = Answer.all(client.received, .get, hasEnded: true)
        #expect(answers.count == 1 && rest.isEmpty)
        #expect((400...501).contains(answers[0].status))
        #expect(instance.peers.allSatisfy { !$0.text.contains("evil") && $0.hasEnded })
    }

    @Test func `chunked framing is made anew, so that a lenient instance sees no other requests`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        let body = "GET /evil HTTP/1.1\r\nHost: h\r\n\r\n"
        client.say(
            Stage.head("POST /v1/database/a", "Transfer-Encoding: chunked\r\n")
                + "\(String(body.utf8.count, radix: 16));\"\r\n\(body)\r\n0\r\nContent-Length: 10\r\n\r\n")
        try stage.until { instance.peers.first?.text.hasSuffix("\r\n0\r\n\r\n") == true }
        let text = instance.peers[0].text
        #expect(text.hasSuffix("\r\n\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"))
        #expect(!text.contains("Content-Length: 10") && !text.contains(";"))
    }

    @Test func `reserved and hop-by-hop fields of clients do not reach the instance`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        var seen = ""
        instance.answer {
            seen = $0; return ""
        }
        _ = try stage.ask(
            Stage.get(
                "/v1/database/a?a=1&key=\(Stage.key)&b=2",
                "X-Bunbase-Token: forged\r\nX_Bunbase_Project: evil\r\nX-Bundoc-User: root\r\n"
                    + "Connection: X-Drop, close\r\n"
                    + "X-Drop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: x\r\n"
                    + "X-Forwarded-For: 1.2.3.4\r\n"
                    + "Forwarded: for=1.2.3.4\r\nX-Keep: kept\r\n"))
        let lower = seen.lowercased()
        for word in [
            "forged", "evil", "root", "x-drop", "keep-alive", "trailers", "proxy-", "1.2.3.4", "pk_", "connection",
        ] {
            #expect(!lower.contains(word), "\(word)")
        }
        #expect(seen.hasPrefix("GET /v1/projects/acme/databases/a?a=1&b=2 HTTP/1.1\r\n"))
        #expect(seen.contains("X-Keep: kept\r\n"))
    }
}
