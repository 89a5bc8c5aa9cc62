import Contracts
import FrontShell
import Glibc
import HTTP
import HTTP2Support
import JSON
import Linux
import Nouns
import Testing

/// Behind proxies, limits and the access log are about clients.
@Suite struct ClientIdentityTests {
    static let bad = "GET /v1/database/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: pk_x\r\n"

    func stage(
        introduced: Bool = false, believed: Bool = false, _ limits: (inout FrontLimits) -> Void = { _ in }
    ) throws -> Stage {
        let stage = try Stage(limits: limits)
        if introduced { stage.supervisor.proxies.protocolFrom = [AddressRange("127.0.0.0/8")!] }
        if believed { stage.supervisor.proxies.forwardedFrom = [AddressRange("127.0.0.0/8")!] }
        try stage.start()
        try stage.instance().answer { _ in "ok" }
        return stage
    }

    static func header(_ client: String) -> String { "PROXY TCP4 \(client) 10.0.0.1 5 6\r\n" }

    @Test func `an introduced connection counts as its client's, not as the proxy's`() throws {
        let stage = try stage(introduced: true) { $0.client.connections = 2 }
        let first = try (0..<2).map { _ in
            let peer = try stage.client()
            peer.say(Self.header("192.0.2.1") + Stage.get())
            #expect(try stage.answer(peer).status == 200)
            return peer
        }
        let third = try stage.client()
        third.say(Self.header("192.0.2.1") + Stage.get())
        #expect(try stage.answer(third).code == "client.connections_too_many")
        try stage.until { third.hasEnded }
        let other = try stage.client()
        other.say(Self.header("192.0.2.2") + Stage.get())
        #expect(try stage.answer(other).status == 200)
        first[0].close()
        try stage.until { stage.front.connectionCount == 2 }
        let next = try stage.client()
        next.say(Self.header("192.0.2.1") + Stage.get())
        #expect(try stage.answer(next).status == 200)
    }

    @Test func `connections of a believed proxy are nobody's`() throws {
        let stage = try stage(believed: true) { $0.client.connections = 1 }
        let peers = try (0..<3).map { _ in try stage.client() }
        for peer in peers {
            peer.say(Stage.get())
            #expect(try stage.answer(peer).status == 200)
        }
    }

    @Test func `who sends bad requests through a believed proxy is refused, and others on its connection are not`()
        throws
    {
        let stage = try stage(believed: true) { ($0.client.badRequests, $0.client.badRequestsBurst) = (1, 2) }
        let proxy = try stage.client()
        for _ in 0..<2 {
            proxy.say(Self.bad + "X-Forwarded-For: 192.0.2.1\r\n\r\n")
            let answer = try stage.answer(proxy)
            #expect(answer.status == 401 && answer["connection"] == nil)
        }
        proxy.say(Stage.get("/v1/database/a", "X-Forwarded-For: 192.0.2.1\r\n"))
        let refused = try stage.answer(proxy)
        #expect(refused.status == 429 && refused.code == "client.bad_requests_too_many")
        proxy.say(Stage.get("/v1/database/a", "X-Forwarded-For: 192.0.2.2\r\n"))
        #expect(try stage.answer(proxy).status == 200)
    }

    @Test func `made-up tokens are bad requests, each anew`() throws {
        let stage = try Stage { ($0.client.badRequests, $0.client.badRequestsBurst) = (1, 3) }
        stage.platform.answer = { .unknown(ticket: $0) }
        try stage.start()
        let client = try stage.client()
        for letter in ["a", "b", "c"] {
            let token = "bbt_" + String(repeating: letter, count: 40)
            client.say("GET /v1/database/a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n\r\n")
            let answer = try stage.answer(client)
            #expect(answer.status == 401)
            #expect((answer["connection"] == "close") == (letter == "c"))
        }
        #expect(try stage.answer(try stage.client()).code == "client.bad_requests_too_many")
    }

    @Test func `malformed requests over HTTP 2 are bad requests`() throws {
        let stage = try stage { ($0.client.badRequests, $0.client.badRequestsBurst) = (1, 2) }
        let peer = try stage.http2()
        for _ in 0..<2 {
            let stream = peer.request(Stage.fields("GET", "/v1/database/a\"b"))
            #expect(try stage.answer(peer, stream).status == 400)
        }
        try stage.until { peer.peer.hasEnded }
        #expect(try stage.answer(try stage.client()).code == "client.bad_requests_too_many")
    }

    @Test(arguments: [
        (true, false, "192.0.2.1"), (false, true, "192.0.2.2"), (true, true, "192.0.2.1"), (false, false, "127.0.0.1"),
    ])
    func `the access log names the client`(introduced: Bool, believed: Bool, client: String) throws {
        let stage = try stage(introduced: introduced, believed: believed) { $0.accessLog = .sampled(every: 1) }
        let path = stage.directory + "/access.jsonl"
        defer { unlink(path) }
        stage.front.logAccess(to: path)
        let peer = try stage.client()
        let header = introduced ? Self.header("192.0.2.1") : ""
        peer.say(header + Stage.get("/v1/database/a", "X-Forwarded-For: 192.0.2.2\r\n"))
        #expect(try stage.answer(peer).status == 200)
        try stage.until { AccessLines.all(in: path).count == 1 }
        #expect(AccessLines.all(in: path)[0]["client"] == .string(client))
    }
}
