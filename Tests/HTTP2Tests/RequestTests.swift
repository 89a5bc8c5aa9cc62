import HTTP
import HTTP2
import HTTP2Support
import Nouns
import Testing

@Suite struct RequestTests {
    static let get = FrameClient.pseudo("GET", "/a?b=c")

    @Test func `a request becomes the head of an HTTP 1 request`() throws {
        let server = Server()
        server.ask(Self.get + [("accept", "*/*"), ("x-a", "b c")])
        try #require(server.arrivals.count == 1)
        #expect(server.arrivals[0].head == "GET /a?b=c HTTP/1.1\r\nhost: h\r\naccept: */*\r\nx-a: b c\r\n\r\n")
        #expect(server.arrivals[0].framing == .none)
    }

    @Test func `pseudo-fields may come in any order`() {
        let server = Server()
        server.ask(Self.get.reversed())
        #expect(server.arrivals.first?.head == "GET /a?b=c HTTP/1.1\r\nhost: h\r\n\r\n")
    }

    @Test func `bytes may come one by one`() {
        let server = Server()
        server.pieceMax = 1
        server.onRequest = { $0.answer(200, "hello") }
        let stream = server.ask(Self.get)
        #expect(server[stream].status == 200 && server[stream].text == "hello" && server[stream].isComplete)
    }

    @Test func `crumbs of a cookie are put together`() {
        let server = Server()
        server.ask(Self.get + [("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")])
        #expect(server.arrivals.first?.head.contains("\r\ncookie: a=1; b=2\r\n") == true)
    }

    @Test func `Host stands in for a missing authority`() {
        let server = Server()
        server.ask([(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "named")])
        #expect(server.arrivals.first?.head == "GET / HTTP/1.1\r\nhost: named\r\n\r\n")
    }

    @Test func `a Host that says the same is let pass`() {
        let server = Server()
        server.ask(Self.get + [("host", "H")])
        #expect(server.arrivals.first?.head == "GET /a?b=c HTTP/1.1\r\nhost: h\r\n\r\n")
    }

    // MARK: Bodies

    @Test func `a body of known length`() throws {
        let server = Server()
        let stream = server.ask(FrameClient.pseudo("POST", "/") + [("content-length", "5")], isAll: false)
        server.client.body("hel", on: stream, isAll: false)
        server.client.body("lo", on: stream)
        server.carry()
        let arrival = try #require(server.arrivals.first)
        #expect(arrival.framing == .length(5) && arrival.body == Array("hello".utf8) && arrival.hasEnd)
    }

    @Test func `a body of unknown length`() throws {
        let server = Server()
        let stream = server.ask(FrameClient.pseudo("POST", "/"), isAll: false)
        server.client.body("hello", on: stream, isAll: false)
        server.client.say(
            Frame(.headers, flags: Frame.endHeaders | Frame.endStream, stream: stream, Frame.fields([("trailer", "x")]))
        )
        server.carry()
        let arrival = try #require(server.arrivals.first)
        #expect(arrival.framing == .chunked && arrival.body == Array("hello".utf8) && arrival.hasEnd)
        #expect(!arrival.head.contains("trailer"))
    }

    @Test(arguments: [("4", "hello"), ("6", "hello")])
    func `a body that is not as long as announced ends the stream`(length: String, body: String) throws {
        let server = Server()
        let stream = server.ask(FrameClient.pseudo("POST", "/") + [("content-length", length)], isAll: false)
        server.client.body(body, on: stream)
        server.carry()
        #expect(server[stream].reset == 1)
        #expect(try #require(server.arrivals.first).isClosed)
    }

    @Test func `nobody may send more than the window`() throws {
        let server = Server { $0.streamWindow = 1000 }
        server.onRequest = { $0.consumes = false }
        let stream = server.ask(FrameClient.pseudo("POST", "/"), isAll: false)
        server.client.body(String(repeating: "x", count: 1000), on: stream, isAll: false)
        server.carry()
        #expect(server.arrivals[0].body.count == 1000)
        server.arrivals[0].stream.consumed(1000)
        server.carry()
        server.client.body(String(repeating: "x", count: 1000), on: stream, isAll: false)
        server.carry()
        #expect(server.arrivals[0].body.count == 2000 && server[stream].reset == nil)
        server.client.body("x", on: stream, isAll: false)
        server.carry()
        #expect(server[stream].reset == 3)
    }

    @Test func `what was taken of a stream that is gone frees the connection's window`() throws {
        let server = Server { $0.connectionWindow = 100_000 }
        server.onRequest = { $0.consumes = false }
        for round in 0..<8 {
            let stream = server.ask(FrameClient.pseudo("POST", "/"), isAll: false)
            server.client.body(String(repeating: "x", count: 15_000), on: stream, isAll: false)
            server.carry()
            server.client.reset(stream)
            server.carry()
            #expect(server.arrivals[round].isClosed && server.arrivals[round].body.count == 15_000)
            server.arrivals[round].stream.consumed(15_000)
        }
        #expect(server.client.goAways.isEmpty)
    }

    // MARK: What is refused with an answer

    @Test(arguments: [
        ([(":method", "CONNECT"), (":authority", "h:1")], 501, "request.method_unsupported"),
        (FrameClient.pseudo("GET", "/", scheme: "ftp"), 400, "request.target_malformed"),
        (FrameClient.pseudo("GET", "/a\"b"), 400, "request.target_malformed"),
        (FrameClient.pseudo("GET", "/") + [("host", "other")], 400, "request.host_mismatch"),
        (FrameClient.pseudo("GET", "/") + [("expect", "more")], 417, "request.expectation_unknown"),
        (FrameClient.pseudo("GET", "/" + String(repeating: "x", count: 17_000)), 414, "request.target_too_long"),
        (
            FrameClient.pseudo("GET", "/") + [("x", String(repeating: "x", count: 17_000))], 431,
            "request.head_too_long"
        ),
        (
            FrameClient.pseudo("GET", "/") + (0..<5).map { ("x\($0)", String(repeating: "x", count: 4_000)) }, 431,
            "request.head_too_long"
        ),
        (FrameClient.pseudo("GET", "/") + (0..<101).map { ("x\($0)", "") }, 431, "request.fields_too_many"),
        (
            FrameClient.pseudo("GET", "/") + (0..<5).map { ("cookie", "\($0)" + String(repeating: "x", count: 4_000)) },
            431, "request.head_too_long"
        ),
    ])
    func `a request that breaks a rule of ours is answered`(fields: [(String, String)], status: Int, code: String) {
        let server = Server()
        let stream = server.ask(fields)
        #expect(server.arrivals.isEmpty)
        #expect(server.refusals.map(\.code) == [code])
        #expect(server[stream].status == status && server[stream].isComplete)
        let next = server.ask(Self.get)
        #expect(server.arrivals.count == 1 && server[next].reset == nil)
    }

    @Test func `the rest of a refused request is passed over and the stream ended`() {
        let server = Server { $0.connectionWindow = 100_000 }
        for _ in 0..<20 {
            let stream = server.ask(FrameClient.pseudo("POST", "/", scheme: "ftp"), isAll: false)
            #expect(server[stream].status == 400 && server[stream].reset == 0)
            server.client.body(String(repeating: "x", count: 16_000), on: stream)
            server.carry()
        }
        server.ask(Self.get)
        #expect(server.arrivals.count == 1 && server.client.goAways.isEmpty)
    }

    // MARK: What ends the stream

    @Test(arguments: [
        ("connection", "close"), ("keep-alive", "1"), ("proxy-connection", "close"), ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"), ("te", "gzip"), ("X-Upper", "a"), ("x a", "b"), ("x", "a\nb"), ("x", "a\rb"),
        ("x", "a\0b"), ("x\r\ny", "b"), (":path", "/again"), (":status", "200"), (":odd", "x"), ("", "x"),
        ("content-length", "1"), ("content-length", "x"), ("content-length", "-1"), ("host", "a b"),
    ])
    func `a malformed request is never seen`(name: String, value: String) {
        let server = Server()
        let stream = server.ask(Self.get + [(name, value)])
        #expect(server.arrivals.isEmpty)
        #expect(server[stream].reset == 1 || server[stream].status == 400)
        #expect(server.client.goAways.isEmpty)
        server.ask(Self.get)
        #expect(server.arrivals.count == 1)
    }

    @Test(arguments: [
        [(":method", "GET"), (":scheme", "http"), (":authority", "h")],
        [(":method", "GET"), (":authority", "h"), (":path", "/")],
        [(":scheme", "http"), (":authority", "h"), (":path", "/")],
        [(":method", "GET"), (":scheme", "http"), (":path", "/")],
        [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "")],
        [(":method", "GET"), (":scheme", "http"), ("x", "y"), (":authority", "h"), (":path", "/")],
        FrameClient.pseudo("GET", ""), FrameClient.pseudo("GET", "a"), FrameClient.pseudo("GET", "*"),
        FrameClient.pseudo("G T", "/"), FrameClient.pseudo("GET", "/a b"), FrameClient.pseudo("", "/"),
        FrameClient.pseudo("GET", "/ HTTP/1.1\r\nx: y"), FrameClient.pseudo("GET", "/", authority: "h\r\nx: y"),
        FrameClient.pseudo("GET", "/", authority: "u@h"), FrameClient.pseudo("GET", "/", authority: "a/b"),
    ])
    func `a request without what it needs is never seen`(fields: [(String, String)]) {
        let server = Server()
        let stream = server.ask(fields)
        #expect(server.arrivals.isEmpty)
        #expect(server[stream].reset == 1 || server[stream].status == 400)
    }
}
