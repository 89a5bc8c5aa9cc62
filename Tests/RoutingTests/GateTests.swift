import Contracts
import HTTP
import Nouns
import Routing
import Testing

/// Whose request it is: by key, by token, by host.
struct GateTests {
    static let keys = ["1", "2", "3"].map { "pk_" + String(repeating: $0, count: 32) }
    static let token = "bbt_" + String(repeating: "a", count: 40)

    var settings = FrontSettings()
    var table = KeyTable()

    init() throws {
        func add(_ index: Int, _ host: String?, _ prefix: String, _ project: String?, _ access: Route.Access) throws {
            let route = Route(
                host: host.map { RouteHost($0)! }, prefix: prefix, kind: .bundoc, rewrite: "/{project}/",
                project: project, access: access, bodyMax: 1, timeout: .seconds(1))
            _ = try settings.apply(.route(index: index, route))
        }
        try add(0, nil, "/v1/", nil, .key)
        try add(1, "{project}.fn.org", "/", nil, .anyone)
        try add(2, "{project}.db.org", "/", nil, .key)
        try add(3, "shop.org", "/", "acme", .anyone)
        _ = try settings.apply(.configured)
        _ = try table.apply(.welcome(version: KeyChannel.version, isWhole: true))
        for (index, name) in ["acme", "beta", "gone"].enumerated() {
            let entry = KeyEntry(project: ProjectID("id-\(name)")!, slug: name, key: Self.keys[index])
            _ = try table.apply(.project(entry, table: 1))
        }
        _ = try table.apply(.removed(ProjectID("id-gone")!, table: 2))
        _ = try table.apply(.synced(table: 2))
    }

    /// `project identity`, or the fault's code.
    func pass(_ host: String, _ target: String, _ fields: [String] = [], grant: TokenGrant.Scope? = nil) -> String {
        let text = "GET \(target) HTTP/1.1\r\nHost: \(host)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        return Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = RequestScanner(HeadLimits())
            do throws(Fault) {
                guard try scanner.scan(bytes) else { return "incomplete" }
                let request = try Gate.read(scanner.head, bytes, settings.active)
                let grant = request.token.flatMap { _ in
                    grant.map { TokenGrant(id: TokenID("tok_0123456789abcdef")!, scope: $0, lifetime: nil) }
                }
                if request.token != nil, grant == nil { return "asks" }
                let passed = try Gate.pass(request, scanner.head, bytes, table, grant)
                let output = OutputBuffer()
                passed.identity.append(to: output)
                let identity = Array(output.bytes)
                let query = passed.strippedQuery.map { " ?" + String(decoding: $0, as: UTF8.self) } ?? ""
                return passed.project.text + " "
                    + String(decoding: identity.dropFirst("x-bunbase-identity: ".count).dropLast(2), as: UTF8.self)
                    + query
            } catch {
                return error.code
            }
        }
    }

    static func key(_ index: Int) -> String { "X-Bunbase-Client-Key: \(keys[index])" }
    static let bearer = "Authorization: Bearer \(token)"
    static let acme = ProjectID("id-acme")!
    static let beta = ProjectID("id-beta")!

    @Test func `a key opens its project`() {
        #expect(pass("h", "/v1/a", [Self.key(0)]) == "id-acme key")
        #expect(pass("h", "/v1/a?x=1&key=\(Self.keys[1])&y=2") == "id-beta key ?x=1&y=2")
        #expect(pass("h", "/v1/a?%6Bey=\(Self.keys[1])") == "id-beta key ?")
        #expect(pass("h", "/v1/a") == "key.required")
        #expect(pass("h", "/v1/a", [Self.key(2)]) == "key.unknown")
        #expect(pass("h", "/v1/a", ["X-Bunbase-Client-Key: nonsense"]) == "key.unknown")
        #expect(pass("h", "/v1/a", [Self.key(0), Self.key(0)]) == "key.repeated")
        #expect(pass("h", "/v1/a?key=a&key=b") == "key.repeated")
        #expect(pass("h", "/other", [Self.key(0)]) == "route.unknown")
    }

    @Test func `a host names the project, and a key for another one does not fit`() {
        #expect(pass("acme.db.org", "/a", [Self.key(0)]) == "id-acme key")
        #expect(pass("ACME.db.org:80", "/a", [Self.key(0)]) == "id-acme key")
        #expect(pass("id-acme.db.org", "/a", [Self.key(0)]) == "id-acme key")
        #expect(pass("acme.db.org", "/a", [Self.key(1)]) == "key.other_project")
        #expect(pass("acme.db.org", "/a") == "key.required")
        #expect(pass("nobody.db.org", "/a", [Self.key(0)]) == "project.unknown")
        #expect(pass("gone.db.org", "/a", [Self.key(0)]) == "project.unknown")
    }

    @Test func `a public route needs no key, and leaves the query alone`() {
        #expect(pass("acme.fn.org", "/a?key=mine") == "id-acme public")
        #expect(pass("shop.org", "/a") == "id-acme public")
        #expect(pass("acme.fn.org", "/a", [Self.key(0)]) == "id-acme key")
        #expect(pass("acme.fn.org", "/a", [Self.key(1)]) == "key.other_project")
        #expect(pass("acme.fn.org", "/a", ["X-Bunbase-Client-Key: x"]) == "key.unknown")
        #expect(pass("nobody.fn.org", "/a") == "project.unknown")
        #expect(pass("acme.fn.org", "/a", ["Authorization: Bearer of-the-application"]) == "id-acme public")
    }

    @Test func `a token with one project needs nothing else`() {
        let one = TokenGrant.Scope.projects([Self.acme])
        let who = "id-acme token:tok_0123456789abcdef"
        #expect(pass("h", "/v1/a", [Self.bearer]) == "asks")
        #expect(pass("h", "/v1/a", [Self.bearer], grant: one) == who)
        #expect(pass("h", "/v1/a", ["Authorization: bearer   \(Self.token)"], grant: one) == who)
        #expect(pass("h", "/v1/a", ["X-Bunbase-Client-Key: \(Self.token)"], grant: one) == who)
        #expect(pass("h", "/v1/a", [Self.bearer, Self.key(0)], grant: one) == who)
        #expect(pass("h", "/v1/a", [Self.bearer, Self.key(1)], grant: one) == "token.project_forbidden")
        #expect(pass("h", "/v1/a", [Self.bearer, Self.key(2)], grant: one) == "key.unknown")
        #expect(pass("acme.db.org", "/a", [Self.bearer], grant: one) == who)
        #expect(pass("beta.db.org", "/a", [Self.bearer], grant: one) == "token.project_forbidden")
        #expect(
            pass("h", "/v1/a", [Self.bearer], grant: .projects([ProjectID("id-gone")!])) == "token.project_forbidden")
    }

    @Test func `a token with several projects says which it means`() {
        let who = "id-beta token:tok_0123456789abcdef"
        for scope in [TokenGrant.Scope.all, .projects([Self.acme, Self.beta])] {
            #expect(pass("h", "/v1/a", [Self.bearer], grant: scope) == "token.project_required")
            #expect(pass("h", "/v1/a", [Self.bearer, "X-Bunbase-Project: beta"], grant: scope) == who)
            #expect(pass("h", "/v1/a", [Self.bearer, "X-Bunbase-Project: id-beta"], grant: scope) == who)
            #expect(pass("h", "/v1/a", [Self.bearer, "X-Bunbase-Project: x"], grant: scope) == "project.unknown")
            #expect(pass("beta.db.org", "/a", [Self.bearer], grant: scope) == who)
            let both = [Self.bearer, "X-Bunbase-Project: acme"]
            #expect(pass("beta.db.org", "/a", both, grant: scope) == "project.contradicted")
            let twice = [Self.bearer, "X-Bunbase-Project: acme", "X-Bunbase-Project: beta"]
            #expect(pass("h", "/v1/a", twice, grant: scope) == "credentials.repeated")
        }
    }

    @Test func `what means to be a token and is none is refused without asking`() {
        for text in ["bbt_", Self.token + "0", Self.token.uppercased().replacing("BBT_", with: "bbt_")] {
            #expect(pass("h", "/v1/a", ["Authorization: Bearer \(text)"]) == "token.unknown")
        }
        #expect(pass("h", "/v1/a", [Self.bearer, Self.bearer]) == "credentials.repeated")
        #expect(pass("h", "/v1/a", [Self.bearer, "X-Bunbase-Client-Key: \(Self.token)"]) == "credentials.repeated")
        // Not in the query, which gets into logs.
        #expect(pass("h", "/v1/a?key=\(Self.token)") == "key.unknown")
        // Another application's bearer is none of ours.
        #expect(pass("h", "/v1/a", ["Authorization: Bearer abc"]) == "key.required")
        #expect(pass("h", "/v1/a", ["Authorization: Basic abc", Self.key(0)]) == "id-acme key")
    }

    @Test func `other limits for all do not change a project's own`() throws {
        var table = table
        let own = KeyEntry(project: Self.acme, slug: "acme", key: Self.keys[0], limits: .init("rate=5")!)
        _ = try table.apply(.project(own, table: 3))
        var limits = ProjectLimits()
        (limits.rate, limits.requests) = (9, 7)
        table.limit(to: limits)
        let rules = [0, 1].map { table.entry(ProjectKey(Self.keys[$0])!)!.rules }
        #expect(rules.map { $0.rate?.rate } == [5, 9])
        #expect(rules.map(\.requests) == [7, 7])
    }
}
