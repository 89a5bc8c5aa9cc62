import Contracts
import FrontShell
import Linux
import Nouns
import Testing

/// What a project may use of the front, and what becomes of requests beyond it.
@Suite struct AdmissionTests {
    /// A stage whose project has these limits of its own.
    func stage(_ limits: String, _ common: (inout FrontLimits) -> Void = { _ in }) throws -> Stage {
        let stage = try Stage(limits: common)
        stage.platform.entries = [entry(limits)]
        try stage.start()
        return stage
    }

    func entry(_ limits: String) -> KeyEntry {
        KeyEntry(project: Stage.project, slug: "acme-inc", key: Stage.key, limits: .init(limits)!)
    }

    @Test func `a request beyond the limit waits until another one has ended`() throws {
        let stage = try stage("requests=1,wait=9000")
        stage.supervisor.answer = { _, _ in nil }
        let (first, second) = (try stage.client(), try stage.client())
        first.say(Stage.get())
        try stage.until { stage.supervisor.heard.contains { if case .request = $0 { true } else { false } } }
        second.say(Stage.get("/v1/database/b"))
        #expect(stage.isStill())
        #expect(second.text.isEmpty)
        let instance = try stage.instance()
        instance.answer { _ in "ok" }
        let ticket = stage.supervisor.heard.compactMap { message -> UInt64? in
            if case .request(let ticket, _, _) = message { ticket } else { nil }
        }.last!
        stage.supervisor.say(.grant(ticket: ticket, instance.endpoint))
        #expect(try stage.answer(first).status == 200)
        #expect(try stage.answer(second).status == 200)
    }

    @Test func `who waits too long is refused with the reason`() throws {
        let stage = try stage("requests=1,wait=30")
        stage.supervisor.answer = { _, _ in nil }
        let (first, second) = (try stage.client(), try stage.client())
        first.say(Stage.get())
        second.say(Stage.get())
        let answer = try stage.answer(second)
        #expect(answer.status == 429 && answer.code == "project.requests_too_many")
    }

    @Test func `no more may wait than the project's waiting room has places`() throws {
        let stage = try stage("requests=1,waiting=1,wait=9000")
        stage.supervisor.answer = { _, _ in nil }
        let clients = try (0..<3).map { _ in try stage.client() }
        for client in clients {
            client.say(Stage.get())
            _ = stage.isStill()
        }
        #expect(try stage.answer(clients[2]).status == 429)
        #expect(clients[0].text.isEmpty && clients[1].text.isEmpty)
    }

    @Test func `a rate is told, waited for, and refused when the wait would be too long`() throws {
        let stage = try stage("rate=1,burst=2,wait=0")
        try stage.instance().answer { _ in "ok" }
        let first = try stage.ask(Stage.get())
        #expect(first.status == 200)
        #expect(first["ratelimit-policy"] == "\"project\";q=2;w=2")
        #expect(first["ratelimit"] == "\"project\";r=1;t=1")
        #expect(try stage.ask(Stage.get())["ratelimit"] == "\"project\";r=0;t=2")
        let refused = try stage.ask(Stage.get())
        #expect(refused.status == 429 && refused.code == "project.rate_exceeded")
        #expect(refused["retry-after"] == "1")
    }

    @Test func `a request waits for its rate instead of being refused`() throws {
        let stage = try stage("rate=20,burst=1,wait=9000")
        try stage.instance().answer { _ in "ok" }
        let start = EventLoop.clock()
        for _ in 0..<4 { #expect(try stage.ask(Stage.get()).status == 200) }
        #expect(EventLoop.clock() - start >= .milliseconds(140))
    }

    @Test func `other limits hold at once, also for who waits`() throws {
        let stage = try stage("requests=1,wait=9000")
        stage.supervisor.answer = { _, _ in nil }
        let (first, second) = (try stage.client(), try stage.client())
        first.say(Stage.get())
        try stage.until { stage.supervisor.heard.contains { if case .request = $0 { true } else { false } } }
        let instance = try stage.instance(generation: 2)
        instance.answer { _ in "ok" }
        second.say(Stage.get())
        #expect(stage.isStill())
        #expect(second.text.isEmpty)
        stage.platform.say(.project(entry("requests=2,wait=9000"), table: 8))
        try stage.until { stage.platform.heard.contains(.seen(table: 8)) }
        // The second shares the first one's ticket, which the test answers now.
        let ticket = stage.supervisor.heard.compactMap { message -> UInt64? in
            if case .request(let ticket, _, _) = message { ticket } else { nil }
        }.last!
        stage.supervisor.say(.grant(ticket: ticket, instance.endpoint))
        #expect(try stage.answer(second).status == 200)
        #expect(try stage.answer(first).status == 200)
    }

    @Test func `a body flows no faster than the project's bandwidth`() throws {
        let stage = try stage("bandwidth=65536")
        let body = String(repeating: "x", count: 262_144)
        try stage.instance().answer { _ in body }
        let start = EventLoop.clock()
        #expect(try stage.ask(Stage.get()).body == body)
        #expect(EventLoop.clock() - start >= .milliseconds(700))
    }

    @Test func `what goes through a tunnel flows no faster than the project's bandwidth`() throws {
        let stage = try Stage()
        stage.platform.entries = [entry("bandwidth=65536")]
        stage.supervisor.routes[0].upgrades = true
        try stage.start()
        let tunnel = try Streams.tunnel(stage, try stage.instance())
        let words = String(repeating: "x", count: 262_144)
        var start = EventLoop.clock()
        tunnel.server.say(words)
        try stage.until { tunnel.client.received.count == words.utf8.count }
        #expect(EventLoop.clock() - start >= .milliseconds(700))
        start = EventLoop.clock()
        tunnel.client.say(words)
        try stage.until { tunnel.server.received.count == words.utf8.count }
        #expect(EventLoop.clock() - start >= .milliseconds(700))
    }

    @Test func `a client connects as often as its address may`() throws {
        let stage = try stage("") { $0.client.handshakes = 2 }
        let peers = try (0..<2).map { _ in try stage.client() }
        try stage.until { stage.front.connectionCount == 2 }
        let answer = try stage.answer(try stage.client())
        #expect(answer.status == 429 && answer.code == "client.handshakes_too_many" && answer["retry-after"] != nil)
        // Before TLS there is no way to say so.
        let secure = try Peer(port: stage.securePort, on: stage.loop)
        try stage.until { secure.hasEnded }
        #expect(secure.received.isEmpty && stage.front.connectionCount == 2)
        let redis = try Peer(port: stage.respPort, on: stage.loop)
        try stage.until { redis.hasEnded }
        #expect(redis.text.hasSuffix("(client.handshakes_too_many)\r\n"))
        withExtendedLifetime(peers) {}
    }

    @Test func `a client has as many connections as its address may have`() throws {
        let stage = try stage("") { $0.client.connections = 2 }
        let (one, two) = (try stage.client(), try stage.client())
        _ = stage.isStill()
        let three = try stage.client()
        let answer = try stage.answer(three)
        #expect(answer.status == 429 && answer.code == "client.connections_too_many")
        one.close()
        two.close()
        _ = stage.isStill()
        try stage.instance().answer { _ in "ok" }
        #expect(try stage.ask(Stage.get()).status == 200)
    }

    @Test func `who keeps sending bad requests is cut off, and then turned away`() throws {
        let stage = try stage("") { ($0.client.badRequests, $0.client.badRequestsBurst) = (1, 3) }
        let client = try stage.client()
        let bad = "GET /v1/database/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: pk_x\r\n\r\n"
        for _ in 0..<2 {
            client.say(bad)
            #expect(try stage.answer(client).status == 401)
        }
        client.say(bad)
        #expect(try stage.answer(client)["connection"] == "close")
        let answer = try stage.answer(try stage.client())
        #expect(answer.status == 429 && answer.code == "client.bad_requests_too_many")
    }
}
