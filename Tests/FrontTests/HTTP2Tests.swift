import Contracts
import HTTP2Support
import Linux
import Nouns
import Testing

@testable import FrontShell

@Suite struct HTTP2Tests {
    @Test func `requests of one connection are served side by side`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        instance.answer { $0.contains("/a ") ? "to a" : "to b" }
        let peer = try stage.http2()
        let (a, b) = (peer.request(Stage.fields()), peer.request(Stage.fields("GET", "/v1/database/b")))
        #expect(try stage.answer(peer, a).text == "to a")
        let answer = try stage.answer(peer, b)
        #expect(answer.text == "to b" && answer.status == 200)
        #expect(answer["content-length"] == "4" && answer["x-request-id"] != nil && answer["connection"] == nil)
        #expect(stage.front.waitingCount == 0)
    }

    @Test func `the instance gets a request of HTTP 1`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        var heads: [String] = []
        instance.answer {
            heads.append($0)
            return "x"
        }
        let peer = try stage.http2()
        _ = try stage.answer(peer, peer.request(Stage.fields() + [("x-a", "b"), ("x-bunbase-project", "other")]))
        let head = try #require(heads.first)
        #expect(head.hasPrefix("GET /v1/projects/acme/databases/a HTTP/1.1\r\nhost: h\r\n"))
        #expect(head.contains("\r\nx-a: b\r\n") && head.contains("\r\nx-bunbase-project: acme\r\n"))
        #expect(!head.contains("other") && head.contains("\r\nx-forwarded-for: 127.0.0.1\r\n"))
    }

    @Test func `a body of unknown length goes on in chunks`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        var text = ""
        instance.onBytes = { peer in
            text = peer.text
            if text.hasSuffix("0\r\n\r\n") { peer.say("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n") }
        }
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields("POST"), isAll: false)
        peer.body("hello", on: stream, isAll: false)
        try stage.until { text.contains("hello") }
        peer.body(" there", on: stream)
        #expect(try stage.answer(peer, stream).status == 201)
        #expect(text.hasSuffix("transfer-encoding: chunked\r\n") || text.contains("\r\ntransfer-encoding: chunked\r\n"))
        #expect(text.hasSuffix("5\r\nhello\r\n6\r\n there\r\n0\r\n\r\n"))
    }

    @Test func `a body of known length goes on as it is`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        var text = ""
        instance.onBytes = { peer in
            text = peer.text
            if text.hasSuffix("hello") { peer.say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") }
        }
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields("POST") + [("content-length", "5")], isAll: false)
        peer.body("hello", on: stream)
        #expect(try stage.answer(peer, stream).status == 200)
        #expect(text.contains("\r\ncontent-length: 5\r\n"))
    }

    @Test func `a large body waits for an instance that is slow to read`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        instance.onBytes = { $0.isReading = false }
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields("POST"), isAll: false)
        let piece = String(repeating: "x", count: 16_000)
        var sent = 0
        // As many as the windows allow.
        let window: () -> Int = {
            65_535
                + peer.client.frames.filter { $0.isA(.windowUpdate) && $0.stream == stream }
                .reduce(0) { $0 + Int($1.word(at: 0)) }
        }
        for _ in 0..<200 {
            if sent + piece.utf8.count <= window() {
                peer.body(piece, on: stream, isAll: false)
                sent += piece.utf8.count
            }
            try stage.loop.turn(wait: .milliseconds(1))
        }
        #expect(sent < 1_000_000 && sent >= 64_000)
        let before = sent
        instance.onBytes = { _ in }
        instance.peers[0].isReading = true
        try stage.until {
            if sent + piece.utf8.count <= window() {
                peer.body(piece, on: stream, isAll: false)
                sent += piece.utf8.count
            }
            return sent > before + 300_000
        }
        peer.body("", on: stream)
        try stage.until { instance.peers[0].text.hasSuffix("0\r\n\r\n") }
        instance.peers[0].say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        #expect(try stage.answer(peer, stream).text == "ok")
    }

    @Test func `a client that takes nothing holds the instance back, not the front's memory`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        let body = String(repeating: "x", count: 3_000_000)
        instance.answer { $0.contains("/a ") ? body : "small" }
        let peer = try stage.http2()
        peer.client.takesBodies = false
        let (slow, quick) = (peer.request(Stage.fields()), UInt32(3))
        try stage.until { peer[slow].body.count >= 65_535 }
        for _ in 0..<30 { try stage.loop.turn(wait: .milliseconds(2)) }
        #expect(stage.front.keptForClients < 300_000)
        peer.say(Frame(.windowUpdate, Frame.word(100_000)))
        peer.request(Stage.fields("GET", "/v1/database/b"))
        #expect(try stage.answer(peer, quick).text == "small")
        peer.client.takesBodies = true
        peer.say(Frame(.windowUpdate, Frame.word(3_000_000)))
        peer.say(Frame(.windowUpdate, stream: slow, Frame.word(3_000_000)))
        #expect(try stage.answer(peer, slow).body.count == 3_000_000)
    }

    @Test func `a request that is taken back frees its place and its connection to the instance`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields())
        try stage.until { instance.peers.first?.text.isEmpty == false }
        #expect(stage.front.waitingCount == 1)
        peer.say(Frame(.reset, stream: stream, Frame.word(8)))
        try stage.until { instance.peers[0].hasEnded && stage.front.waitingCount == 0 }
    }

    @Test func `a client that goes away frees all of its requests`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        let peer = try stage.http2()
        for _ in 0..<5 { peer.request(Stage.fields()) }
        try stage.until { instance.peers.count == 5 }
        peer.peer.close()
        try stage.until { stage.front.waitingCount == 0 && stage.front.connectionCount == 0 }
    }

    @Test func `interim answers go on`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        instance.onBytes = {
            $0.say("HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            $0.forget()
        }
        let peer = try stage.http2()
        let answer = try stage.answer(peer, peer.request(Stage.fields()))
        #expect(answer.interim == [103] && answer.text == "ok")
    }

    @Test func `who expects to be told to go on is told`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields("POST") + [("expect", "100-continue")], isAll: false)
        try stage.until { peer[stream].interim == [100] }
        peer.body("x", on: stream)
        try stage.until { instance.peers[0].text.hasSuffix("0\r\n\r\n") }
    }

    @Test func `an answer in chunks, to its end`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        instance.onBytes = { _ in }
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields())
        try stage.until { instance.peers.first?.text.isEmpty == false }
        instance.peers[0].say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        try stage.until { peer[stream].text == "one" }
        #expect(!peer[stream].isComplete && peer[stream]["transfer-encoding"] == nil)
        instance.peers[0].say("3\r\ntwo\r\n0\r\n\r\n")
        #expect(try stage.answer(peer, stream).text == "onetwo")
    }

    @Test func `half an answer ends in a reset, and the connection goes on`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        instance.onBytes = {
            $0.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
            $0.close()
        }
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields())
        let answer = try stage.answer(peer, stream)
        #expect(answer.reset == 2 && !answer.isComplete)
        instance.answer { _ in "whole" }
        #expect(try stage.answer(peer, peer.request(Stage.fields())).text == "whole")
    }

    @Test(arguments: [
        (FrameClient.pseudo("GET", "/v1/database/a"), 401, "key.required"),
        (Stage.fields("GET", "/nowhere"), 404, "route.unknown"),
        (Stage.fields("GET", "/v1/database/../kv"), 400, "request.path_ambiguous"),
        (Stage.fields("TRACE", "/v1/database/a"), 501, "request.method_unsupported"),
        ([(":method", "CONNECT"), (":authority", "h:1")], 501, "request.method_unsupported"),
        (Stage.fields() + [("host", "other")], 400, "request.host_mismatch"),
    ])
    func `what is refused has its status and code`(fields: [(String, String)], status: Int, code: String) throws {
        let stage = try Stage()
        _ = try stage.instance()
        try stage.start()
        let peer = try stage.http2()
        let answer = try stage.answer(peer, peer.request(fields))
        #expect(answer.status == status && answer.code == code && answer.isComplete)
    }

    @Test func `a body that is too long is refused before it comes`() throws {
        let stage = try Stage()
        _ = try stage.instance()
        try stage.start()
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields("POST") + [("content-length", "2000000")], isAll: false)
        let answer = try stage.answer(peer, stream)
        #expect(answer.status == 413 && answer.code == "request.body_too_long")
        try stage.until { peer[stream].reset == 0 }
    }

    @Test func `HEAD and OPTIONS have no body`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        instance.onBytes = {
            $0.say("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n")
            $0.forget()
        }
        let peer = try stage.http2()
        let head = try stage.answer(peer, peer.request(Stage.fields("HEAD")))
        #expect(head.status == 200 && head["content-length"] == "7" && head.body.isEmpty && head.isComplete)
        let options = try stage.answer(peer, peer.request(Stage.fields("OPTIONS")))
        #expect(options.status == 204 && options.isComplete)
    }

    @Test func `a drain tells the client, and lets what is under way finish`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields())
        try stage.until { instance.peers.first?.text.isEmpty == false }
        var isDrained = false
        stage.front.onDrained = { isDrained = true }
        stage.front.drain()
        try stage.until { peer.client.goAways.count == 2 }
        #expect(!isDrained)
        instance.peers[0].say("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone")
        #expect(try stage.answer(peer, stream).text == "done")
        try stage.until { peer.peer.hasEnded }
        peer.peer.close()
        try stage.until { isDrained }
    }

    @Test func `a connection at rest is ended by a farewell`() throws {
        let stage = try Stage { $0.headTimeout = .milliseconds(50) }
        try stage.start()
        let peer = try stage.http2()
        try stage.until { peer.client.goAways.map(\.code) == [0] && peer.peer.hasEnded }
    }

    @Test func `an answer that does not come in time is 504`() throws {
        let stage = try Stage(timeout: .milliseconds(50))
        let instance = try stage.instance()
        try stage.start()
        instance.onBytes = { _ in }
        let peer = try stage.http2()
        let answer = try stage.answer(peer, peer.request(Stage.fields()))
        #expect(answer.status == 504 && answer.code == "instance.response_timed_out")
    }

    @Test func `a body that stops is 408`() throws {
        let stage = try Stage { $0.bodyTimeout = .milliseconds(50) }
        _ = try stage.instance()
        try stage.start()
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields("POST"), isAll: false)
        let answer = try stage.answer(peer, stream)
        #expect(answer.status == 408 && answer.code == "request.body_timeout")
    }

    @Test func `an answer that nobody takes is given up`() throws {
        let stage = try Stage { $0.bodyTimeout = .milliseconds(50) }
        let instance = try stage.instance()
        try stage.start()
        let body = String(repeating: "x", count: 1_000_000)
        instance.answer { _ in body }
        let peer = try stage.http2()
        peer.client.takesBodies = false
        let stream = peer.request(Stage.fields())
        try stage.until { peer[stream].reset == 2 && stage.front.waitingCount == 0 }
    }

    @Test func `the beginning may come byte by byte`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        instance.answer { _ in "hello" }
        let client = FrameClient()
        let stream = client.request(Stage.fields())
        let peer = try stage.client()
        for byte in client.takeOutgoing() {
            peer.say([byte])
            try stage.loop.turn(wait: .milliseconds(1))
        }
        try stage.until {
            client.receive(peer.received)
            peer.forget()
            return client.answers[stream]?.isComplete == true
        }
        #expect(client.answers[stream]?.text == "hello")
    }

    @Test func `HTTP 2 after a request of HTTP 1 is refused`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        instance.answer { _ in "x" }
        let peer = try stage.client()
        peer.say(Stage.get())
        #expect(try stage.answer(peer).status == 200)
        peer.say(FrameClient.preface)
        let answer = try stage.answer(peer)
        #expect(answer.status == 505 && answer.code == "request.version_unsupported")
    }

    @Test func `without it, HTTP 1 alone is spoken`() throws {
        let stage = try Stage()
        stage.supervisor.http2.isEnabled = false
        try stage.start()
        let peer = try stage.client()
        peer.say(FrameClient.preface)
        #expect(try stage.answer(peer).status == 505)
    }
}
