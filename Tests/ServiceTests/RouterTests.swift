import HTTP
import JSON
import Linux
import Nouns
import Service
import Testing

struct RouterTests {
    /// What a router answers, through a server and a client.
    static func answer(_ router: Router, _ method: StaticString, _ target: String) throws -> HTTPClient.Answer {
        let loop = try EventLoop()
        let server = HTTPServer(on: loop) { router.handle($0, $1) }
        let socket = try Socket.listen(on: .loopback(port: 0))
        let client = HTTPClient(to: .loopback(port: try Socket.localPort(of: socket)), on: loop)
        try server.listen(on: socket, .token)
        var result: Result<HTTPClient.Answer, HTTPClient.Failure>?
        client.send(method, target, timeout: .seconds(5)) { result = $0 }
        try loop.turn(until: result != nil)
        return try #require(result).get()
    }

    static func router() -> Router {
        var router = Router()
        router.get("/") { _, responder in responder.send(.text(200, "root")) }
        router.get("/projects") { _, responder in responder.send(.text(200, "list")) }
        router.post("/projects") { _, responder in responder.send(.text(201, "create")) }
        router.get("/projects/special") { _, responder in responder.send(.text(200, "special")) }
        router.get("/projects/{id}") { request, responder in responder.send(.text(200, request.parameter("id"))) }
        router.delete("/projects/{id}/keys/{key}") { request, responder in
            responder.send(.text(200, request.parameter("id") + "|" + request.parameter("key")))
        }
        return router
    }

    @Test(
        arguments: [
            ("GET", "/", "root"), ("GET", "/projects?limit=1", "list"), ("POST", "/projects", "create"),
            ("GET", "/projects/special", "special"), ("GET", "/projects/p1", "p1"), ("GET", "/projects/a%2Fb", "a/b"),
            ("DELETE", "/projects/p1/keys/k%20", "p1|k "),
        ] as [(StaticString, String, String)])
    func `finds the route by method and path`(method: StaticString, target: String, body: String) throws {
        let answer = try Self.answer(Self.router(), method, target)
        #expect(String(decoding: answer.body, as: UTF8.self) == body)
    }

    @Test(arguments: ["/nothing", "/projects/", "/projects/a/b", "//", "/projects/p1/keys/"])
    func `answers 404 at an unknown path`(target: String) throws {
        let answer = try Self.answer(Self.router(), "GET", target)
        #expect(answer.status == 404)
        #expect(try JSONValue(parsing: answer.body)["code"] == "route.unknown")
    }

    @Test func `answers 405 with the methods that there are`() throws {
        let answer = try Self.answer(Self.router(), "PATCH", "/projects")
        #expect(answer.status == 405)
        #expect(answer.field(named: "allow") == "GET, HEAD, POST")
        #expect(try JSONValue(parsing: answer.body)["code"] == "method.not_allowed")
    }

    @Test func `answers HEAD by GET`() throws {
        let answer = try Self.answer(Self.router(), "HEAD", "/projects")
        #expect(answer.status == 200)
        #expect(answer.field(.contentLength) == "4")
        #expect(answer.body.isEmpty)
    }
}
