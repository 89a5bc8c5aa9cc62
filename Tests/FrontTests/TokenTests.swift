import Contracts
import Crypto
import FrontShell
import HTTP
import Linux
import Nouns
import Testing

/// Operators' tokens at the front: asked about once, handed on as an identity.
@Suite struct TokenTests {
    static let token = "bbt_" + String(repeating: "a", count: 40)
    static let id = TokenID("tok_0123456789abcdef")!

    static func get(_ fields: String = "") -> String {
        "GET /v1/database/a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n\(fields)\r\n"
    }

    static func grant(_ projects: [ProjectID] = [Stage.project]) -> TokenGrant {
        TokenGrant(id: id, scope: .projects(projects), lifetime: nil)
    }

    /// Starts a stage whose platform answers questions about tokens so.
    func stage(_ answer: @escaping (UInt64) -> KeyChannel.FromPlatform?) throws -> Stage {
        let stage = try Stage()
        stage.platform.answer = answer
        try stage.start()
        return stage
    }

    func questions(_ stage: Stage) -> [SecretHash] {
        stage.platform.heard.compactMap { if case .verify(_, let hash) = $0 { hash } else { nil } }
    }

    @Test func `a token opens its project, is asked about once by its hash, and goes no further`() throws {
        let stage = try stage { .valid(ticket: $0, Self.grant()) }
        let instance = try stage.instance()
        var seen: [String] = []
        instance.answer { request in
            seen.append(request)
            return "ok"
        }
        for _ in 0..<3 { #expect(try stage.ask(Self.get("X-Bunbase-Identity: root\r\n")).status == 200) }
        #expect(questions(stage) == [SecretHash(SHA256.hash(Self.token))!])
        #expect(seen.count == 3)
        for request in seen {
            #expect(request.contains("\r\nx-bunbase-identity: token:\(Self.id)\r\n"))
            #expect(!request.contains(Self.token) && !request.lowercased().contains("authorization"))
            #expect(!request.contains("root"))
        }
    }

    @Test func `a key is handed on as such, and other credentials are left alone`() throws {
        let stage = try stage { _ in nil }
        let instance = try stage.instance()
        var seen = ""
        instance.answer { request in
            seen = request
            return "ok"
        }
        #expect(try stage.ask(Stage.get("/v1/database/a", "Authorization: Bearer mine\r\n")).status == 200)
        #expect(seen.contains("\r\nx-bunbase-identity: key\r\n") && seen.contains("Authorization: Bearer mine\r\n"))
        #expect(questions(stage).isEmpty)
    }

    @Test func `an unknown token is refused, and not asked about again`() throws {
        let stage = try stage { .unknown(ticket: $0) }
        for _ in 0..<3 {
            let answer = try stage.ask(Self.get())
            #expect(answer.status == 401 && answer.code == "token.unknown")
        }
        #expect(questions(stage).count == 1)
    }

    @Test func `a revoked token is refused at once`() throws {
        let stage = try stage { .valid(ticket: $0, Self.grant()) }
        try stage.instance().answer { _ in "ok" }
        #expect(try stage.ask(Self.get()).status == 200)
        stage.platform.answer = { .unknown(ticket: $0) }
        stage.platform.say(.revoked(Self.id, table: 8))
        try stage.until { stage.platform.heard.contains(.seen(table: 8)) }
        #expect(try stage.ask(Self.get()).status == 401)
    }

    @Test func `while the platform is away a remembered token holds on and another is 503`() throws {
        let stage = try stage { .valid(ticket: $0, Self.grant()) }
        try stage.instance().answer { _ in "ok" }
        #expect(try stage.ask(Self.get()).status == 200)
        stage.platform.stop()
        let other = Self.get().replacing("aaaa", with: "bbbb")
        try stage.until { (try? stage.ask(other).status) == 503 }
        #expect(try stage.ask(other).code == "front.tokens_unavailable")
        #expect(try stage.ask(Self.get()).status == 200)
    }

    @Test func `a body that comes while the token is checked goes along, and who leaves is forgotten`() throws {
        var ticket: UInt64 = 0
        let stage = try stage {
            ticket = $0
            return nil
        }
        var seen = ""
        try stage.instance().onBytes = { peer in
            guard peer.text.hasSuffix("bodymore") else { return }
            seen = peer.text
            peer.say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        }
        let gone = try stage.client()
        gone.say(Self.get())
        try stage.until { ticket > 0 }
        gone.close()
        let client = try stage.client()
        client.say(
            "POST /v1/database/a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(Self.token)\r\n"
                + "Content-Length: 8\r\n\r\nbody")
        #expect(stage.isStill())
        client.say("more")
        #expect(stage.isStill())
        stage.platform.say(.valid(ticket: ticket, Self.grant()))
        #expect(try stage.answer(client, to: .post).status == 200)
        #expect(seen.contains("\r\nx-bunbase-identity: token:\(Self.id)\r\n"))
        #expect(questions(stage).count == 1)
    }
}
