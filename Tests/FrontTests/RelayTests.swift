import Contracts
import FrontShell
import Linux
import Nouns
import TLSSupport
import Telemetry
import Testing

/// Redis clients over TLS: the front stays in the middle, and everything else is as for those that are handed over.
@Suite struct RelayTests {
    static let certificate = try! TestCertificate(["a.test"])
    static let auth = "AUTH acme-inc \(Stage.key)\r\n"

    private func stage(_ limits: (inout FrontLimits) -> Void = { _ in }) throws -> Stage {
        let stage = try Stage(limits: limits)
        stage.supervisor.tls.certificates = [.init(Self.certificate)]
        try stage.start()
        return stage
    }

    private func client(_ stage: Stage) throws -> TLSPeer {
        TLSPeer(try Peer(port: stage.secureRESPPort, on: stage.loop))
    }

    /// A client with the instance's end of its relay.
    private func open(_ stage: Stage) throws -> (client: TLSPeer, server: Peer, taker: Taker) {
        let instance = try stage.instance(HandOffTests.bunder)
        let taker = try Taker(stage, at: instance.endpoint.handOff!)
        let client = try client(stage)
        client.say(Self.auth)
        try stage.until { taker.taken.count == 1 }
        return (client, taker.taken[0].peer, taker)
    }

    @Test func `a client that says who it is talks to the instance, both ways`() throws {
        let stage = try stage()
        let instance = try stage.instance(HandOffTests.bunder)
        let taker = try Taker(stage, at: instance.endpoint.handOff!)
        let client = try client(stage)
        client.say("PING\r\n" + Self.auth + "GET a\r\n")
        try stage.until { taker.taken.count == 1 }
        #expect(client.client.text == "-NOAUTH Authentication required: AUTH <project> <key>\r\n")
        let (handOff, server) = taker.taken[0]
        #expect(handOff.greeting == .auth && String(decoding: handOff.unread, as: UTF8.self) == "GET a\r\n")
        server.say("+OK\r\n$1\r\n7\r\n")
        try stage.until { client.client.text.hasSuffix("+OK\r\n$1\r\n7\r\n") }
        client.say("GET b\r\n")
        try stage.until { server.text == "GET b\r\n" }
        #expect(stage.front.connectionCount == 1 && stage.front.waitingCount == 0)
        server.close()
        try stage.until { client.client.wasToldGoodbye && client.peer.hasEnded && stage.front.connectionCount == 0 }
    }

    @Test func `wrong keys and commands before AUTH get the same answers`() throws {
        let stage = try stage()
        let client = try client(stage)
        client.say("GET a\r\nAUTH acme-inc pk_wrong\r\n")
        try stage.until {
            client.client.text == "-NOAUTH Authentication required: AUTH <project> <key>\r\n"
                + "-WRONGPASS invalid project or key, or the project is gone\r\n"
        }
    }

    @Test func `an instance that refuses is quoted`() throws {
        let stage = try stage()
        let instance = try stage.instance(HandOffTests.bunder)
        let taker = try Taker(stage, at: instance.endpoint.handOff!)
        taker.answer = .refused(Fault(503, "connections.too_many", "Close some."))
        let client = try client(stage)
        client.say(Self.auth)
        try stage.until { client.client.text == "-ERR Close some. (connections.too_many)\r\n" && client.peer.hasEnded }
        #expect(stage.front.connectionCount == 0 && stage.front.waitingCount == 0)
    }

    @Test func `a client that has asked and ends its side still gets its answer`() throws {
        let stage = try stage()
        let (client, server, _) = try open(stage)
        client.say("GET a\r\n")
        client.client.sayGoodbye()
        client.flush()
        try stage.until { server.text == "GET a\r\n" && server.hasEnded }
        server.say("$1\r\n7\r\n")
        server.close()
        try stage.until { client.client.text == "$1\r\n7\r\n" && stage.front.connectionCount == 0 }
    }

    @Test func `who reads nothing holds the instance back, and costs little memory`() throws {
        let stage = try stage()
        let (client, server, _) = try open(stage)
        client.peer.isReading = false
        server.say([UInt8](repeating: 120, count: 20_000_000))
        for _ in 0..<50 { try stage.loop.turn(wait: .milliseconds(2)) }
        #expect(server.sentCount < 15_000_000)
        #expect(stage.front.memoryKept < 400_000)
        client.peer.isReading = true
        try stage.until { client.client.received.count == 20_000_000 }
        #expect(stage.front.memoryKept == 0)
    }

    @Test func `a front that leaves keeps it, and cuts it in a hurry`() throws {
        let stage = try stage()
        let (client, server, _) = try open(stage)
        var isDrained = false
        stage.front.onDrained = { isDrained = true }
        stage.front.leave()
        server.say("one")
        try stage.until { client.client.text == "one" }
        stage.front.drain()
        server.say("two")
        try stage.until { client.client.text == "onetwo" }
        try stage.until { server.hasEnded && isDrained && client.peer.hasEnded }
    }

    @Test func `who keeps silent is cut off in time, and a broken handshake at once`() throws {
        let stage = try stage { $0.headTimeout = .milliseconds(50) }
        let silent = try client(stage)
        try stage.until { silent.client.text == "-ERR AUTH did not come in time\r\n" }
        let broken = try Peer(port: stage.secureRESPPort, on: stage.loop)
        broken.say(Self.auth)
        try stage.until { broken.hasEnded && stage.front.connectionCount == 0 }
        #expect(stage.front.traffic().accepted == [.resps: 2])
    }

    @Test func `behind a proxy the client is who the header says`() throws {
        let stage = try Stage { $0.client.connections = 1 }
        stage.supervisor.proxies.protocolFrom = [AddressRange("127.0.0.0/8")!]
        try stage.start()
        let first = try Peer(port: stage.respPort, on: stage.loop)
        first.say(ClientIdentityTests.header("192.0.2.1") + "PING\r\n")
        try stage.until { first.text.hasPrefix("-NOAUTH") }
        let second = try Peer(port: stage.respPort, on: stage.loop)
        second.say(ClientIdentityTests.header("192.0.2.1") + "PING\r\n")
        try stage.until { second.text.hasSuffix("(client.connections_too_many)\r\n") && second.hasEnded }
        let other = try Peer(port: stage.respPort, on: stage.loop)
        other.say(ClientIdentityTests.header("192.0.2.2") + "PING\r\n")
        try stage.until { other.text.hasPrefix("-NOAUTH") }
    }
}
