import Glibc
import HTTP
import Linux
import Nouns
import Service
import Testing

/// Streams and the orderly end of a server.
struct HTTPServerEndingTests {
    let loop: EventLoop

    init() throws { loop = try EventLoop() }

    func start(
        _ limits: HTTPServer.Limits = HTTPServer.Limits(), _ handle: @escaping HTTPServer.Handler
    ) throws -> (server: HTTPServer, port: UInt16) {
        let server = HTTPServer(on: loop, limits: limits, handle)
        let socket = try Socket.listen(on: .loopback(port: 0))
        let port = try Socket.localPort(of: socket)
        try server.listen(on: socket, .token)
        return (server, port)
    }

    @Test func `streams events in chunks, and goes on with the connection behind them`() throws {
        var streams: [ResponseStream] = []
        let (_, port) = try start { request, responder in
            if request.path == "/events" { streams.append(responder.events()) } else { responder.send(.empty()) }
        }
        let client = try RawClient(port: port, on: loop)
        try client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        let head = try client.receive { $0.hasSuffix("\r\n\r\n") }
        #expect(head.contains("content-type: text/event-stream\r\n"))
        #expect(head.contains("transfer-encoding: chunked\r\n"))
        streams[0].send(event: "started", id: "7", data: "{\"a\":1}".utf8)
        #expect(
            try client.receive { $0.hasSuffix("\n\n\r\n") } == "24\r\nevent: started\nid: 7\ndata: {\"a\":1}\n\n\r\n")
        streams[0].send(data: "two\nlines".utf8)
        #expect(try client.receive { $0.hasSuffix("\n\n\r\n") }.contains("data: two\ndata: lines\n\n"))
        streams[0].finish()
        #expect(!streams[0].isOpen)
        #expect(try client.receive { $0.hasSuffix("0\r\n\r\n") } == "0\r\n\r\n")
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response().hasPrefix("HTTP/1.1 204 "))
    }

    @Test func `tells a stream's owner that its client has left, and ends one that nobody owns`() throws {
        var stream: ResponseStream?
        var closings = 0
        let (server, port) = try start { request, responder in
            let opened = responder.events()
            opened.onClose = { closings += 1 }
            if request.path == "/kept" { stream = opened }
        }
        let client = try RawClient(port: port, on: loop)
        try client.send("GET /kept HTTP/1.1\r\nHost: x\r\n\r\n")
        try loop.turn(until: stream != nil)
        client.socket.close()
        try loop.turn(until: closings == 1)
        #expect(stream?.isOpen == false)
        stream?.send(data: "late".utf8)
        try loop.turn(until: server.connectionCount == 0)

        let other = try RawClient(port: port, on: loop)
        try other.send("GET /dropped HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(try other.rest().hasSuffix("\r\n\r\n0\r\n\r\n"))
        #expect(closings == 1)
    }

    @Test func `cuts a stream's client off that does not read`() throws {
        var limits = HTTPServer.Limits()
        limits.waitingMax = 1 << 20
        var stream: ResponseStream?
        var isClosed = false
        let (_, port) = try start(limits) { _, responder in
            stream = responder.events()
            stream?.onClose = { isClosed = true }
        }
        let client = try RawClient(port: port, on: loop)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try loop.turn(until: stream != nil)
        let part = [UInt8](repeating: 1, count: 1 << 16)
        // What the kernel itself keeps for the client is some megabytes.
        for _ in 0..<1024 where !isClosed { stream?.send(part) }
        #expect(isClosed)
    }

    @Test func `answers what is under way and what waits at the listener before it ends`() throws {
        var waiting: [Responder] = []
        let (server, port) = try start { _, responder in waiting.append(responder) }
        let idle = try RawClient(port: port, on: loop)
        try loop.turn(until: server.connectionCount == 1)
        let busy = try RawClient(port: port, on: loop)
        try busy.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        try loop.turn(until: waiting.count == 1)
        // Connected and sent, but the loop does not turn: it waits in the listener's queue.
        let queued = try RawClient(port: port, on: loop)
        let request = Array("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        #expect(send(queued.socket.number, request, request.count, 0) == request.count)
        var isDone = false
        server.drain { isDone = true }
        try loop.turn(until: waiting.count == 2)
        #expect(try idle.rest().isEmpty)
        #expect(!isDone)
        for responder in waiting { responder.send(.text(200, "bye")) }
        for client in [busy, queued] {
            let answer = try client.rest()
            #expect(answer.contains("connection: close\r\n"))
            #expect(answer.hasSuffix("bye"))
        }
        busy.socket.close()
        queued.socket.close()
        try loop.turn(until: isDone)
        #expect(throws: SystemError.self) {
            let late = try Socket.connect(to: .loopback(port: port))
            let code = Socket.pendingError(of: late)
            if code != 0 { throw SystemError("connect", code: code) }
        }
    }

    @Test func `ends streams when it drains`() throws {
        var stream: ResponseStream?
        var isClosed = false
        let (server, port) = try start { _, responder in
            stream = responder.events()
            stream?.onClose = { isClosed = true }
        }
        let client = try RawClient(port: port, on: loop)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try loop.turn(until: stream != nil)
        var isDone = false
        server.drain { isDone = true }
        #expect(try client.rest().hasSuffix("0\r\n\r\n"))
        #expect(isClosed)
        client.socket.close()
        try loop.turn(until: isDone)
    }

    @Test func `ends at once when nothing is open`() throws {
        let (server, _) = try start { _, responder in responder.send(.empty()) }
        var isDone = false
        server.drain { isDone = true }
        try loop.turn(until: isDone)
    }
}
