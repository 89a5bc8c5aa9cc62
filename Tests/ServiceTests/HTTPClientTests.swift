import Glibc
import HTTP
import Linux
import Nouns
import Service
import Testing

struct HTTPClientTests {
    let loop: EventLoop
    let path = "/tmp/bunbase-client-\(getpid())-\(Random.word()).sock"

    init() throws { loop = try EventLoop() }

    func result(
        _ client: HTTPClient, _ method: StaticString, _ target: String, body: [UInt8]? = nil,
        timeout: Duration = .seconds(5)
    ) throws -> Result<HTTPClient.Answer, HTTPClient.Failure> {
        var result: Result<HTTPClient.Answer, HTTPClient.Failure>?
        client.send(method, target, fields: [("x-own", "v")], body: body, timeout: timeout) { result = $0 }
        try loop.turn(until: result != nil)
        return try #require(result)
    }

    @Test func `asks operators' servers over a unix socket, which know its user`() throws {
        var peer: PeerCredentials?
        let server = HTTPServer(on: loop) { request, responder in
            peer = request.peer
            responder.send(Response(200, fields: [("x-own", request.field(named: "x-own") ?? "")], body: request.body))
        }
        try server.listen(on: Socket.listen(at: path, .stream), .operators)
        defer { unlink(path) }
        let client = HTTPClient(to: .unix(path), on: loop)
        let body = [UInt8](repeating: 7, count: 700_000)
        let answer = try result(client, "PUT", "/x", body: body).get()
        #expect(answer.status == 200)
        #expect(answer.body == body)
        #expect(answer.field(named: "x-own") == "v")
        #expect(peer?.uid == geteuid())
        #expect(peer?.pid == getpid())
        try loop.turn(until: server.connectionCount == 0)
    }

    @Test func `puts a streamed answer together`() throws {
        let server = HTTPServer(on: loop) { _, responder in
            let stream = responder.stream(contentType: "text/plain")
            for part in ["a", "bc", "def"] { stream.send(Array(part.utf8)) }
            stream.finish()
        }
        try server.listen(on: Socket.listen(at: path, .stream), .operators)
        defer { unlink(path) }
        let answer = try result(HTTPClient(to: .unix(path), on: loop), "GET", "/").get()
        #expect(answer.body == Array("abcdef".utf8))
    }

    @Test func `says that nobody listens`() throws {
        guard case .failure(.unreachable(let error)) = try result(HTTPClient(to: .unix(path), on: loop), "GET", "/")
        else {
            Issue.record("not unreachable")
            return
        }
        #expect(error.code == ENOENT)
        let socket = try Socket.listen(on: .loopback(port: 0))
        let port = try Socket.localPort(of: socket)
        socket.close()
        guard case .failure(.unreachable) = try result(HTTPClient(to: .loopback(port: port), on: loop), "GET", "/")
        else {
            Issue.record("not unreachable")
            return
        }
    }

    @Test func `says that no answer came in time, or a broken one`() throws {
        let listener = try Socket.listen(at: path, .stream)
        defer { unlink(path) }
        let client = HTTPClient(to: .unix(path), on: loop)
        #expect(throws: HTTPClient.Failure.timedOut) {
            try result(client, "GET", "/", timeout: .milliseconds(20)).get()
        }
        // One connection each, in the order of the queue; the first is the one that gave up.
        _ = try Socket.accept(from: listener)
        for (text, failure) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", HTTPClient.Failure.cutOff),
            ("", .cutOff), ("nonsense\r\n\r\n", .malformed(.lineMalformed)),
        ] {
            var result: Result<HTTPClient.Answer, HTTPClient.Failure>?
            client.send("GET", "/", timeout: .seconds(5)) { result = $0 }
            let socket = try #require(try Socket.accept(from: listener))
            try loop.turn(wait: .zero)
            _ = send(socket.number, text, text.utf8.count, 0)
            socket.close()
            try loop.turn(until: result != nil)
            #expect(throws: failure) { try result?.get() }
        }
    }

    @Test func `refuses answers longer than allowed`() throws {
        let server = HTTPServer(on: loop) { _, responder in
            responder.send(Response(200, body: [UInt8](repeating: 1, count: 1001)))
        }
        try server.listen(on: Socket.listen(at: path, .stream), .operators)
        defer { unlink(path) }
        guard
            case .failure(.malformed) = try result(HTTPClient(to: .unix(path), on: loop, bodyMax: 1000), "GET", "/")
        else {
            Issue.record("not refused")
            return
        }
        #expect(try result(HTTPClient(to: .unix(path), on: loop, bodyMax: 1001), "GET", "/").get().body.count == 1001)
    }
}
