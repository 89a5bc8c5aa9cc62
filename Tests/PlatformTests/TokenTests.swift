import Contracts
import JSON
import Linux
import Nouns
import PlatformShell
import Projects
import Service
import Testing

/// Operators' tokens, from their making to their end.
struct TokenTests {
    let site: Site

    init() throws {
        site = try Site()
        try site.startSupervisor()
        try site.start()
    }

    func make(_ body: JSONValue) throws -> (id: String, token: String) {
        let answer = try site.ask("POST", "/tokens", body)
        #expect(answer.status == 201, "\(answer.body.text)")
        return (try #require(answer.body["id"]?.string), try #require(answer.body["token"]?.string))
    }

    func front() throws -> Front {
        let front = try Front(site)
        try site.loop.turn(until: front.isSynced)
        return front
    }

    @Test func `a token is told once and kept as a hash`() throws {
        let made = try make(["name": "deploy"])
        #expect(made.token.wholeMatch(of: /bbt_[0-9a-f]{40}/) != nil)
        #expect(made.id.wholeMatch(of: /tok_[0-9a-f]{16}/) != nil)
        let listed = try site.ask("GET", "/tokens").body
        let token = try #require(listed["tokens"]?[0])
        #expect(token["id"]?.string == made.id && token["name"] == "deploy")
        #expect(token["projects"] == .null && token["expires_at"] == .null && token["last_used_at"] == .null)
        #expect(!listed.text.contains(made.token))
        try site.drain()
        for file in ["registry.sqlite", "keys.table"] {
            let text = String(decoding: try site.bytes(of: site.paths.data + "/" + file), as: UTF8.self)
            #expect(!text.contains(made.token) && !text.contains(made.token.dropFirst(4)))
        }
    }

    @Test func `a front learns what a token opens, and that another is unknown`() throws {
        let (one, two) = (try site.create("one"), try site.create("two"))
        let all = try make(["name": "all"])
        let some = try make(["name": "some", "projects": ["one", .string(two.id)]])
        let front = try front()
        #expect(try front.verify(all.token)?.scope == .all)
        #expect(try front.verify(all.token)?.lifetime == nil)
        let grant = try #require(try front.verify(some.token))
        #expect(grant.id.text == some.id)
        #expect([one.id, two.id].allSatisfy { id in grant.opens(.init(id)!) })
        #expect(try front.verify("bbt_" + String(repeating: "0", count: 40)) == nil)
        #expect(try front.verify(one.key) == nil)
    }

    @Test func `a token outlives the platform, and a revoked one does not`() throws {
        let (kept, gone) = (try make(["name": "kept"]), try make(["name": "gone"]))
        #expect(try site.ask("DELETE", "/tokens/gone").status == 200)
        try site.start()
        let front = try front()
        #expect(try front.verify(kept.token) != nil)
        #expect(try front.verify(gone.token) == nil)
    }

    @Test func `a revocation reaches the fronts before its answer`() throws {
        try site.create("some")
        let made = try make(["name": "deploy"])
        let front = try front()
        _ = try front.verify(made.token)
        let answer = try site.ask("DELETE", "/tokens/\(made.id)")
        #expect(answer.body["fronts_updated"] == true)
        #expect(front.revoked == [made.id])
        #expect(try front.verify(made.token) == nil)
        #expect(try site.ask("DELETE", "/tokens/\(made.id)").body["code"] == "token.unknown")
    }

    @Test func `says so when a front has not heard of a revocation in time`() throws {
        site.settings.frontsWait = .milliseconds(30)
        try site.start()
        let made = try make(["name": "deploy"])
        let front = try front()
        front.acknowledges = false
        #expect(try site.ask("DELETE", "/tokens/\(made.id)").body["fronts_updated"] == false)
    }

    @Test func `a token ends when its time is over`() throws {
        var now: Int64 = 1_700_000_000_000
        site.service?.clock = { now }
        let made = try make(["name": "short", "expires_in": 60])
        let front = try front()
        now += 59_000
        #expect(try front.verify(made.token)?.lifetime == .seconds(1))
        now += 1_000
        #expect(try front.verify(made.token) == nil)
        // It is still listed, until nobody can want to know any more.
        #expect(try site.ask("GET", "/tokens").body["tokens"]?.array?.count == 1)
        now += IssuedToken.expiredKept + 1
        _ = try make(["name": "other"])
        #expect(try site.ask("GET", "/tokens").body["tokens"]?.array?.compactMap { $0["name"]?.string } == ["other"])
    }

    @Test func `the last use is noted coarsely`() throws {
        var now: Int64 = 1_700_000_000_000
        site.service?.clock = { now }
        let made = try make(["name": "used"])
        let front = try front()
        func lastUsed() throws -> String? { try site.ask("GET", "/tokens").body["tokens"]?[0]?["last_used_at"]?.string }
        _ = try front.verify(made.token)
        let first = try lastUsed()
        #expect(first == "2023-11-14T22:13:20.000Z")
        now += IssuedToken.useCoarseness - 1
        _ = try front.verify(made.token)
        #expect(try lastUsed() == first)
        now += 1
        _ = try front.verify(made.token)
        #expect(try lastUsed() == "2023-11-14T22:23:20.000Z")
    }

    @Test func `a token loses the projects that are deleted, and does not open all for that`() throws {
        try site.create("one")
        let made = try make(["name": "one", "projects": ["one"]])
        #expect(try site.ask("DELETE", "/projects/one").status == 200)
        #expect(try front().verify(made.token)?.scope == .projects([]))
        #expect(try site.ask("GET", "/tokens").body["tokens"]?[0]?["projects"] == [])
    }

    @Test(arguments: [
        ("{", "request.json_malformed"), ("{}", "token.name_malformed"), (#"{"name":"a b"}"#, "token.name_malformed"),
        (#"{"name":"tok_1"}"#, "token.name_malformed"), (#"{"name":""}"#, "token.name_malformed"),
        (#"{"name":"a","projects":[]}"#, "token.projects_malformed"),
        (#"{"name":"a","projects":"x"}"#, "token.projects_malformed"),
        (#"{"name":"a","projects":[1]}"#, "token.projects_malformed"),
        (#"{"name":"a","projects":["nobody"]}"#, "project.unknown"),
        (#"{"name":"a","expires_in":0}"#, "token.lifetime_malformed"),
        (#"{"name":"a","expires_in":"1d"}"#, "token.lifetime_malformed"),
        (#"{"name":"a","expires_in":1e12}"#, "token.lifetime_malformed"),
    ])
    func `refuses what is no wish for a token`(body: String, code: String) throws {
        let answer = try JSONValue(parsing: try site.ask("POST", "/tokens", bytes: Array(body.utf8)).body)
        #expect(answer["code"]?.string == code)
        #expect(try site.ask("GET", "/tokens").body["tokens"] == [])
    }

    @Test func `names do not repeat, and there is a limit`() throws {
        _ = try make(["name": "a"])
        #expect(try site.ask("POST", "/tokens", ["name": "a"]).body["code"] == "token.exists")
        let registry = try #require(site.service?.registry)
        for number in 1..<IssuedToken.countMax {
            let token = IssuedToken(
                id: .init(random: UInt64(number)), name: TokenName("n\(number)")!, scope: .all, created: 0, expires: nil
            )
            try registry.insert(token, SecretHash(SHA256Stub.hash(number))!)
        }
        #expect(try site.ask("POST", "/tokens", ["name": "b"]).body["code"] == "tokens.full")
    }

    /// Any distinct hashes.
    private enum SHA256Stub {
        static func hash(_ number: Int) -> [UInt8] {
            (0..<32).map { UInt8(truncatingIfNeeded: number >> (8 * ($0 % 4))) }
        }
    }
}
