import Contracts
import FrontShell
import Linux
import Nouns
import Testing

/// WebSocket connections, as bytes that go both ways behind a 101.
struct TunnelTests {
    private static let wish = Stage.get(
        "/v1/database/a",
        "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
    private static let consent =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

    private static func stage(_ limits: (inout FrontLimits) -> Void = { _ in }) throws -> Stage {
        let stage = try Stage(limits: limits)
        stage.supervisor.routes[0].upgrades = true
        try stage.start()
        return stage
    }

    /// A client and an instance that have changed over.
    private static func open(_ stage: Stage, _ instance: FakeInstance) throws -> (client: Peer, server: Peer) {
        let client = try stage.client()
        client.say(wish)
        try stage.until { instance.peers.last?.text.hasSuffix("\r\n\r\n") == true }
        let server = instance.peers.last!
        server.forget()
        server.say(consent + "hello")
        try stage.until { client.text.hasSuffix("\r\n\r\nhello") }
        client.forget()
        return (client, server)
    }

    @Test func `the wish and the consent go on, and bytes both ways behind them`() throws {
        let stage = try Self.stage()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(Self.wish + "early")
        try stage.until { instance.peers.first?.text.contains("\r\n\r\n") == true }
        let server = instance.peers[0]
        let wish = server.text.lowercased()
        #expect(wish.contains("\r\nconnection: upgrade\r\nupgrade: websocket\r\n"))
        #expect(wish.contains("\r\nsec-websocket-version: 13\r\n"))
        #expect(!wish.contains("early") && !wish.contains("pk_"))
        server.forget()
        server.say(Self.consent)
        try stage.until { client.text.hasSuffix("\r\n\r\n") }
        #expect(client.text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(client.text.contains("\r\nconnection: upgrade\r\nupgrade: websocket\r\n"))
        #expect(client.text.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        client.forget()
        try stage.until { server.text == "early" }
        client.say("ping")
        server.say("pong")
        try stage.until { server.text == "earlyping" && client.text == "pong" }
    }

    @Test func `megabytes go through, also to one who reads late`() throws {
        let stage = try Self.stage()
        let (client, server) = try Self.open(stage, try stage.instance())
        let bytes = [UInt8](repeating: 7, count: 16_000_000)
        server.isReading = false
        client.say(bytes)
        server.say(bytes)
        try stage.until { client.received.count == bytes.count }
        #expect(!client.isAllSent)
        server.isReading = true
        try stage.until { server.received.count == bytes.count }
        client.endSending()
        try stage.until { server.hasEnded }
    }

    @Test func `each side may end first, and hears the other to its end`() throws {
        let stage = try Self.stage()
        let instance = try stage.instance()
        for isClientFirst in [true, false] {
            let (client, server) = try Self.open(stage, instance)
            let (first, second) = isClientFirst ? (client, server) : (server, client)
            first.say("last words")
            first.endSending()
            try stage.until { second.hasEnded }
            #expect(second.text == "last words")
            #expect(!first.hasEnded)
            second.say("and mine")
            try stage.until { first.text == "and mine" }
            second.endSending()
            try stage.until { first.hasEnded && stage.front.waitingCount == 0 }
        }
    }

    @Test func `lives on when routes change`() throws {
        let stage = try Self.stage()
        let (client, server) = try Self.open(stage, try stage.instance())
        stage.supervisor.routes = []
        stage.supervisor.sayConfiguration()
        try stage.until { try! stage.ask(Stage.get()).code == "route.unknown" }
        client.say("still here")
        try stage.until { server.text == "still here" }
    }

    @Test func `silence in both directions ends it, bytes in either keep it`() throws {
        let stage = try Self.stage { $0.tunnelIdle = .milliseconds(150) }
        let (client, server) = try Self.open(stage, try stage.instance())
        let begin = stage.loop.now
        var said = 0
        try stage.until {
            if stage.loop.now - begin > .milliseconds(100 * (said + 1)), said < 4 {
                server.say("tick")
                said += 1
            }
            return client.hasEnded
        }
        #expect(said == 4)
        #expect(client.text == "tickticktickticktick".dropLast(4))
        try stage.until { server.hasEnded && stage.front.waitingCount == 0 }
    }

    @Test func `a front that leaves lets it go after its grace`() throws {
        let stage = try Self.stage()
        let (client, server) = try Self.open(stage, try stage.instance())
        var isDrained = false
        stage.front.onDrained = { isDrained = true }
        stage.front.drain()
        client.say("still")
        try stage.until { server.text == "still" }
        #expect(!client.hasEnded)
        try stage.until { client.hasEnded && isDrained }
    }

    @Test func `an instance may refuse, and the connection goes on with HTTP`() throws {
        let stage = try Self.stage()
        let instance = try stage.instance()
        instance.answer { _ in "no" }
        let client = try stage.client()
        client.say(Self.wish)
        #expect(try stage.answer(client).body == "no")
        client.say(Stage.get())
        #expect(try stage.answer(client).body == "no")
    }

    @Test func `a change that nobody asked for is no answer`() throws {
        let stage = try Self.stage()
        let instance = try stage.instance()
        instance.onBytes = { $0.say(Self.consent) }
        #expect(try stage.ask(Stage.get()).code == "instance.response_malformed")
    }

    @Test func `an instance that is stopped takes its connections with it`() throws {
        let stage = try Self.stage()
        let instance = try stage.instance()
        let (client, _) = try Self.open(stage, instance)
        instance.kill()
        client.endSending()
        try stage.until { client.hasEnded && stage.front.waitingCount == 0 }
    }
}
