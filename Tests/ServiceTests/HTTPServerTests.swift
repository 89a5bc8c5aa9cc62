import Glibc
import HTTP
import JSON
import Linux
import Nouns
import Service
import Testing

struct HTTPServerTests {
    let loop: EventLoop
    let token = Token("0123456789abcdef0123456789abcdef")!

    init() throws { loop = try EventLoop() }

    /// A server on a free port; answers with what `handle` says.
    func start(
        _ limits: HTTPServer.Limits = HTTPServer.Limits(), token: Token? = nil, _ access: HTTPServer.Access = .token,
        _ handle: @escaping HTTPServer.Handler = HTTPServerTests.echo
    ) throws -> (server: HTTPServer, port: UInt16) {
        let server = HTTPServer(on: loop, limits: limits, token: token, handle)
        let socket = try Socket.listen(on: .loopback(port: 0))
        let port = try Socket.localPort(of: socket)
        try server.listen(on: socket, access)
        return (server, port)
    }

    static func echo(_ request: Request, _ responder: Responder) {
        responder.send(
            .text(200, "\(request.methodName) \(request.path) \(String(decoding: request.body, as: UTF8.self))"))
    }

    @Test func `answers requests on one connection, one after the other`() throws {
        let (server, port) = try start()
        let client = try RawClient(port: port, on: loop)
        try client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        let first = try client.response()
        #expect(first.hasPrefix("HTTP/1.1 200 OK\r\ndate: "))
        #expect(first.contains("\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 7\r\n\r\nGET /a "))
        #expect(!first.contains("connection:"))
        try client.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        #expect(try client.response().hasSuffix("\r\n\r\nPOST /b hello"))
        #expect(server.connectionCount == 1)
    }

    @Test func `answers pipelined requests in order, also when the answers come later`() throws {
        var waiting: [Responder] = []
        var bodies: [String] = []
        let (_, port) = try start { request, responder in
            bodies.append(String(decoding: request.body, as: UTF8.self))
            waiting.append(responder)
        }
        let client = try RawClient(port: port, on: loop)
        let all = (0..<3).map { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n\($0)" }.joined()
        try client.send(all)
        for number in 0..<3 {
            try loop.turn(until: waiting.count == 1)
            // The next is not handed over before this one is answered.
            #expect(bodies.count == number + 1)
            waiting.removeFirst().send(.text(200, "answer \(number)"))
        }
        let answers = try client.receive { $0.hasSuffix("answer 2") }
        #expect(bodies == ["0", "1", "2"])
        let places = (0..<3).map { answers.firstRange(of: "answer \($0)")!.lowerBound }
        #expect(places == places.sorted())
    }

    @Test func `answers a thousand pipelined requests without starving others`() throws {
        let (_, port) = try start()
        let client = try RawClient(port: port, on: loop)
        try client.send(String(repeating: "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", count: 1000))
        let answers = try client.receive {
            $0.split(separator: "GET /x ", omittingEmptySubsequences: false).count == 1001
        }
        #expect(answers.split(separator: "HTTP/1.1 200 OK").count == 1000)
    }

    @Test func `takes a request that comes byte by byte`() throws {
        let (_, port) = try start()
        let client = try RawClient(port: port, on: loop)
        for byte in "PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".utf8 { try client.send([byte]) }
        #expect(try client.response().hasSuffix("PUT /k abc"))
    }

    @Test func `takes chunked bodies, and what follows them`() throws {
        let (_, port) = try start()
        let client = try RawClient(port: port, on: loop)
        try client.send(
            "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                + "GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        let answers = try client.receive { $0.hasSuffix("GET /next ") }
        #expect(answers.contains("POST /c abcde"))
    }

    @Test func `takes a body of the limit and refuses one byte more`() throws {
        var limits = HTTPServer.Limits()
        limits.bodyMax = 100_000
        let (_, port) = try start(limits) { request, responder in responder.send(.text(200, "\(request.body.count)")) }
        let client = try RawClient(port: port, on: loop)
        let body = String(repeating: "x", count: 100_000)
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + body)
        #expect(try client.response().hasSuffix("\r\n100000"))

        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n")
        let refusal = try client.rest()
        #expect(refusal.hasPrefix("HTTP/1.1 413 "))
        #expect(refusal.contains("connection: close"))
        #expect(refusal.contains("\"code\":\"request.body_too_long\""))

        let other = try RawClient(port: port, on: loop)
        try other.send(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n186A1\r\n" + body + "x\r\n0\r\n\r\n")
        #expect(try other.rest().hasPrefix("HTTP/1.1 413 "))
    }

    @Test func `asks a client that waits for it to go on with its body`() throws {
        let (_, port) = try start()
        let client = try RawClient(port: port, on: loop)
        try client.send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(try client.response() == "HTTP/1.1 100 Continue\r\n\r\n")
        try client.send("ok")
        #expect(try client.response().hasSuffix("POST /e ok"))
    }

    @Test func `answers HEAD without a body but with its length`() throws {
        let (_, port) = try start()
        let client = try RawClient(port: port, on: loop)
        try client.send("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let answer = try client.rest()
        #expect(answer.contains("content-length: 8\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test func `closes behind the answer when the client asks for it, or speaks HTTP 1.0`() throws {
        let (server, port) = try start()
        for request in ["GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
            let client = try RawClient(port: port, on: loop)
            try client.send(request)
            #expect(try client.rest().contains("connection: close\r\n"))
        }
        let old = try RawClient(port: port, on: loop)
        try old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(try old.response().contains("connection: keep-alive\r\n"))
        try loop.turn(until: server.connectionCount == 1)
    }

    @Test func `refuses a malformed head and closes`() throws {
        let (_, port) = try start()
        let client = try RawClient(port: port, on: loop)
        try client.send("GET / HTTP/1.1\r\nHost : x\r\n\r\n")
        let answer = try client.rest()
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(answer.contains("\"party\":\"client\""))
    }

    @Test func `answers a request whose client has ended its sending`() throws {
        let (_, port) = try start()
        let client = try RawClient(port: port, on: loop)
        try client.send("POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
        client.endSending()
        #expect(try client.rest().hasSuffix("POST /half ok"))
    }

    @Test func `demands the token before anything runs`() throws {
        var handled = 0
        let (_, port) = try start(token: token) { request, responder in
            handled += 1
            responder.send(.empty())
        }
        for field in ["", "X-Bunbase-Token: 0123456789abcdef0123456789abcdee\r\n", "X-Bunbase-Token: \r\n"] {
            let client = try RawClient(port: port, on: loop)
            try client.send("POST / HTTP/1.1\r\nHost: x\r\n\(field)Content-Length: 2\r\n\r\nok")
            let answer = try client.rest()
            #expect(answer.hasPrefix("HTTP/1.1 421 Misdirected Request\r\n"))
            #expect(answer.contains("\"code\":\"listener.token_required\""))
            #expect(!answer.contains(token.hex))
        }
        #expect(handled == 0)
        let client = try RawClient(port: port, on: loop)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\nx-bunbase-token: \(token.hex)\r\n\r\n")
        #expect(try client.response().hasPrefix("HTTP/1.1 204 No Content\r\n"))
        #expect(handled == 1)
    }

    @Test(
        arguments: [
            ("localhost", true), ("LOCALHOST:8091", true), ("127.0.0.1:8091", true), ("[::1]:1", true),
            ("evil.example", false),
            ("localhost.evil.example", false), ("127.0.0.1.evil.example:80", false), ("localhost:", true),
            ("localhost:x", false),
        ] as [(String, Bool)])
    func `lets only callers by a loopback name in where that is asked for`(host: String, isLetIn: Bool) throws {
        let (_, port) = try start(.loopback)
        let client = try RawClient(port: port, on: loop)
        try client.send("GET / HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        #expect(try client.rest().hasPrefix(isLetIn ? "HTTP/1.1 200 " : "HTTP/1.1 421 "))
    }

    func start(_ access: HTTPServer.Access) throws -> (server: HTTPServer, port: UInt16) {
        try start(HTTPServer.Limits(), token: nil, access)
    }

    @Test func `answers further connections than allowed with 503`() throws {
        var limits = HTTPServer.Limits()
        limits.connectionsMax = 2
        let (server, port) = try start(limits)
        let clients = try (0..<2).map { _ in try RawClient(port: port, on: loop) }
        try loop.turn(until: server.connectionCount == 2)
        let third = try RawClient(port: port, on: loop)
        let answer = try third.rest()
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.contains("retry-after: 1\r\n"))
        clients[0].socket.close()
        try loop.turn(until: server.connectionCount == 1)
        let fourth = try RawClient(port: port, on: loop)
        try fourth.send("GET /4 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try fourth.response().hasSuffix("GET /4 "))
    }

    @Test func `cuts off clients that are slow with a head, a body or their next request`() throws {
        var limits = HTTPServer.Limits()
        (limits.headTimeout, limits.bodyTimeout) = (.milliseconds(20), .milliseconds(20))
        limits.idleTimeout = .milliseconds(20)
        let (server, port) = try start(limits)
        let head = try RawClient(port: port, on: loop)
        try head.send("GET / HT")
        #expect(try head.rest().hasPrefix("HTTP/1.1 408 "))
        let body = try RawClient(port: port, on: loop)
        try body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        #expect(try body.rest().contains("\"code\":\"request.body_timeout\""))
        let idle = try RawClient(port: port, on: loop)
        #expect(try idle.rest().isEmpty)
        try loop.turn(until: server.connectionCount == 0)
    }

    @Test func `closes a connection whose client does not read its answer`() throws {
        var limits = HTTPServer.Limits()
        limits.bodyTimeout = .milliseconds(20)
        let (server, port) = try start(limits) { request, responder in
            responder.send(Response(200, body: [UInt8](repeating: 1, count: 32 << 20)))
        }
        let client = try RawClient(port: port, on: loop)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try loop.turn(until: server.connectionCount == 1)
        try loop.turn(until: server.connectionCount == 0)
    }

    @Test func `writes a large answer as the client reads it`() throws {
        let (_, port) = try start { request, responder in
            responder.send(Response(200, body: [UInt8](repeating: UInt8(ascii: "y"), count: 20 << 20)))
        }
        let client = try RawClient(port: port, on: loop)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(try client.rest().utf8.suffix(20 << 20).allSatisfy { $0 == UInt8(ascii: "y") })
    }

    @Test func `answers 500 when a request is dropped`() throws {
        let (_, port) = try start { _, _ in }
        let client = try RawClient(port: port, on: loop)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Bunbase-Request-Id: r1\r\n\r\n")
        let answer = try client.response()
        #expect(answer.hasPrefix("HTTP/1.1 500 "))
        #expect(answer.contains("\"request_id\":\"r1\""))
    }

    @Test func `knows when the client of a late answer has gone`() throws {
        var waiting: Responder?
        let (server, port) = try start { _, responder in waiting = responder }
        let client = try RawClient(port: port, on: loop)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try loop.turn(until: waiting != nil)
        #expect(waiting?.isClientGone == false)
        var reset = linger(l_onoff: 1, l_linger: 0)
        setsockopt(client.socket.number, SOL_SOCKET, SO_LINGER, &reset, UInt32(MemoryLayout<linger>.size))
        client.socket.close()
        try loop.turn(until: server.connectionCount == 0)
        #expect(waiting?.isClientGone == true)
        waiting?.send(.empty())
    }

    @Test func `gives segments, query items and fields decoded`() throws {
        var seen: Request?
        let (_, port) = try start { request, responder in
            seen = request
            responder.send(.empty())
        }
        let client = try RawClient(port: port, on: loop)
        try client.send("GET /a%2Fb/%C3%A9//?q=1+2&n=%26&q=3&empty HTTP/1.1\r\nHost: h\r\nX-Own: v \r\n\r\n")
        _ = try client.response()
        let request = try #require(seen)
        #expect(request.segments == ["a/b", "é", "", ""])
        #expect(try request.query("q") == "1 2")
        #expect(try request.query("none") == nil)
        #expect(try request.queryItems().map { "\($0.name)=\($0.value)" } == ["q=1 2", "n=&", "q=3", "empty="])
        #expect(request.field(named: "x-own") == "v")
        #expect(request.field(.host) == "h")
        try client.send("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.rest().hasPrefix("HTTP/1.1 400 "))
    }
}
