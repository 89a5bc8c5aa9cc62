import Contracts
import FrontShell
import HTTP
import Nouns
import Routing
import Testing

@Suite struct RoutingRulesTests {
    @Test func `a sent request is repeated only if that changes nothing`() {
        typealias Row = (RetryRule.Failure, HTTP.Method, Bool, Int, RetryRule.Decision)
        let table: [Row] = [
            (.lost(isSent: true), .get, true, 1, .again), (.lost(isSent: true), .put, true, 2, .again),
            (.lost(isSent: true), .delete, true, 1, .again), (.lost(isSent: true), .get, true, 3, .fail),
            (.lost(isSent: true), .post, true, 1, .fail), (.lost(isSent: true), .patch, true, 1, .fail),
            (.lost(isSent: true), .other, true, 1, .fail), (.lost(isSent: false), .post, true, 1, .again),
            (.lost(isSent: true), .put, false, 1, .fail), (.lost(isSent: false), .post, false, 1, .fail),
            (.unreachable, .post, true, 1, .elsewhere), (.misdirected, .post, true, 1, .elsewhere),
            (.misdirected, .post, false, 1, .fail), (.misdirected, .get, true, 3, .fail),
        ]
        for (failure, method, canReplay, attempts, decision) in table {
            #expect(
                RetryRule.decide(failure, method, canReplay: canReplay, attempts: attempts) == decision,
                "\(failure) \(method) \(attempts)")
        }
    }

    @Test func `the longest prefix wins, and the project's id stands in the rewrite`() throws {
        func route(_ prefix: String, _ kind: String, _ rewrite: String) -> Route {
            Route(prefix: prefix, kind: Kind(kind)!, rewrite: rewrite, bodyMax: 1, timeout: .seconds(1))
        }
        let table = RouteTable([
            route("/v1/", "one", "/"), route("/v1/kv/", "two", "/p/{project}/k/{project}/"),
            route("/v1/kvs/", "three", "/"),
        ])
        var keys = KeyTable()
        let key = "pk_0123456789abcdef0123456789abcdef"
        _ = try keys.apply(.project(KeyEntry(project: ProjectID("acme")!, slug: "acme", key: key), table: 1))
        let acme = try #require(keys.entry(ProjectKey(key)!))
        func forwarded(_ path: String) -> String? {
            let bytes = Array(path.utf8)
            return bytes.withUnsafeBytes { buffer in
                guard let match = table.match(host: nil, path: ByteRange(0, buffer.count), in: buffer) else {
                    return nil
                }
                let output = OutputBuffer(capacity: 1)
                output.append(Array("\(match.route.kind) ".utf8))
                match.appendPath(acme, buffer, to: output)
                return String(decoding: output.bytes, as: UTF8.self)
            }
        }
        #expect(forwarded("/v1/kv/a/b") == "two /p/acme/k/acme/a/b")
        #expect(forwarded("/v1/kv/") == "two /p/acme/k/acme/")
        #expect(forwarded("/v1/kvx") == "one /kvx")
        #expect(forwarded("/v1/kvs/a") == "three /a")
        #expect(forwarded("/v1") == nil)
        #expect(forwarded("/V1/kv/a") == nil)
        #expect(forwarded("") == nil)
    }

    @Test(arguments: [
        ("/a/b", nil), ("/a/...", nil), ("/a/.b", nil), ("/a/b..", nil), ("/%41/%2F", nil), ("/", nil),
        ("/a/../b", "request.path_ambiguous"), ("/..", "request.path_ambiguous"), ("/a/./b", "request.path_ambiguous"),
        ("/a/.%2e/b", "request.path_ambiguous"), ("/%2E", "request.path_ambiguous"),
        ("/a%2f..%2fb", "request.path_ambiguous"), ("/a%00", "request.path_ambiguous"),
        ("/%", "request.percent_malformed"), ("/%4", "request.percent_malformed"),
        ("/%gg", "request.percent_malformed"),
    ]) func `paths that could mean another place are refused`(_ path: String, _ code: String?) {
        var thrown: String?
        Array(path.utf8).withUnsafeBytes { bytes in
            do throws(Fault) { try RouteTable.check(bytes) } catch { thrown = error.code }
        }
        #expect(thrown == code)
    }

    @Test func `the pool gives the youngest, keeps no more than allowed and lets the old go`() {
        var pool = IdlePool<Int>()
        func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
        let kept = [1, 2, 3].map { pool.put($0, at: at(Int64($0)), max: 2) }
        #expect(kept == [true, true, false])
        #expect(pool.nextDeadline(idle: .seconds(10)) == at(11))
        let youngest = pool.take()
        #expect(youngest == 2)
        _ = pool.put(2, at: at(5), max: 2)
        let early = pool.removeExpired(at: at(10), idle: .seconds(10))
        let due = pool.removeExpired(at: at(11), idle: .seconds(10))
        #expect(early == [] && due == [1])
        pool.remove { $0 == 2 }
        #expect(pool.isEmpty)
    }

    @Test func `settings hold as a whole, and routes must come in order`() throws {
        var settings = FrontSettings()
        var limits = FrontLimits()
        limits.headMax = 1
        let route = Route(prefix: "/a/", kind: .bundoc, rewrite: "/", bodyMax: 1, timeout: .zero)
        let early = try [settings.apply(.limits(limits)), settings.apply(.route(index: 0, route))]
        #expect(early == [false, false])
        #expect(settings.limits.headMax == FrontLimits().headMax && settings.routes.isEmpty && !settings.isConfigured)
        let isChanged = try settings.apply(.configured)
        #expect(isChanged && settings.limits.headMax == 1 && !settings.routes.isEmpty && settings.isConfigured)
        #expect(throws: FrontSettings.Violation.self) { _ = try settings.apply(.route(index: 1, route)) }
        var open = route
        open.prefix = "/a"
        #expect(throws: FrontSettings.Violation.self) { _ = try settings.apply(.route(index: 0, open)) }
    }
}
