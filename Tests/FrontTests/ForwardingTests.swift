import Contracts
import FrontShell
import HTTP
import Linux
import Nouns
import Testing

@Suite struct ForwardingTests {
    @Test func `wakes, forwards and keeps both connections`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance(woke: true)
        var seen: [String] = []
        instance.answer {
            seen.append($0); return "hello"
        }
        let client = try stage.client()
        client.say(Stage.get("/v1/database/a?x=1"))
        let first = try stage.answer(client)
        #expect(first.status == 200)
        #expect(first.body == "hello")
        let timing = try #require(first["server-timing"])
        #expect(timing.hasPrefix("wake;dur="))
        client.say(Stage.get())
        let second = try stage.answer(client)
        #expect(second["server-timing"] == nil)
        #expect(second["connection"] == nil)
        #expect(instance.peers.count == 1)
        #expect(seen[0].hasPrefix("GET /v1/projects/acme/databases/a?x=1 HTTP/1.1\r\nhost: h\r\n"))
        #expect(seen[0].contains("\r\nx-bunbase-token: \(instance.endpoint.token!.hex)\r\n"))
        #expect(seen[0].contains("\r\nx-bunbase-project: acme\r\n"))
        #expect(seen[0].contains("\r\nx-forwarded-for: 127.0.0.1\r\n"))
        #expect(!seen[0].lowercased().contains("client-key"))
        let requests = stage.supervisor.heard.filter { if case .request = $0 { true } else { false } }
        #expect(requests.count == 1)
    }

    @Test func `an instance whose socket's file was deleted is reached by its port`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance(isUnix: false)
        let listening = instance.endpoint
        let endpoint = Endpoint(
            instance: listening.instance, generation: listening.generation, port: listening.port,
            unix: stage.directory + "/deleted.sock", handOff: nil, token: listening.token)
        stage.supervisor.answer = { _, ticket in .grant(ticket: ticket, endpoint, woke: false) }
        instance.answer { _ in "here" }
        let client = try stage.client()
        client.say(Stage.get())
        #expect(try stage.answer(client).body == "here")
    }

    @Test func `a grant that woke nothing is not called a wake`() throws {
        let stage = try Stage()
        try stage.start()
        try stage.instance().answer { _ in "" }
        #expect(try stage.ask(Stage.get())["server-timing"] == nil)
    }

    @Test func `reaches instances on ports, too`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance(isUnix: false)
        instance.answer { _ in "tcp" }
        #expect(try stage.ask(Stage.get()).body == "tcp")
        #expect(try stage.ask(Stage.get()).body == "tcp")
        #expect(instance.peers.count == 1)
    }

    @Test func `answers pipelined requests in their order, one at a time`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        instance.answer { String($0.split(separator: " ")[1].suffix(2)) }
        let client = try stage.client()
        client.say((10..<60).map { Stage.get("/v1/database/\($0)") }.joined())
        let answers = try stage.answers(client, 50)
        #expect(answers.map(\.body) == (10..<60).map { "\($0)" })
        #expect(instance.peers.count == 1)
    }

    @Test func `refusals and answers keep their order in a pipeline`() throws {
        let stage = try Stage()
        try stage.start()
        try stage.instance().answer { _ in "ok" }
        let client = try stage.client()
        client.say(
            Stage.get() + "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n" + Stage.get() + Stage.get("/v1/database/../x"))
        #expect(try stage.answers(client, 4).map(\.status) == [200, 404, 200, 400])
    }

    @Test func `streams chunks both ways`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(
            "POST /v1/database/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: \(Stage.key)\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n")
        try stage.until { instance.peers.first?.text.hasSuffix("\r\n\r\n3\r\nabc\r\n") == true }
        #expect(instance.peers[0].text.contains("\r\ntransfer-encoding: chunked\r\n"))
        instance.peers[0].forget()
        client.say("2\r\nde\r\n0\r\nTrailer: dropped\r\n\r\n")
        try stage.until { instance.peers[0].text == "2\r\nde\r\n0\r\n\r\n" }
        instance.peers[0].say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndata\r\n")
        try stage.until { client.text.hasSuffix("\r\n\r\n4\r\ndata\r\n") }
        instance.peers[0].say("1;x\r\n!\r\n0\r\n\r\n")
        let answer = try stage.answer(client)
        #expect(answer.body == "data!")
        client.say(Stage.get())
        try stage.until { instance.peers[0].text.contains("GET ") }
    }

    @Test func `passes events on as they come`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(Stage.get())
        try stage.until { instance.peers.first?.text.isEmpty == false }
        instance.peers[0].say(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in 1...3 {
            let event = "data: \(number)\n\n"
            instance.peers[0].say("\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n")
            try stage.until { client.text.contains(event) }
        }
        client.close()
        try stage.until { instance.peers[0].hasEnded }
    }

    @Test func `an answer up to the end of the connection becomes chunks, and an end for old clients`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        instance.onBytes = { peer in
            guard peer.text.hasSuffix("\r\n\r\n") else { return }
            peer.say("HTTP/1.0 200 OK\r\n\r\nall of it")
            peer.close()
        }
        let answer = try stage.ask(Stage.get())
        #expect(answer.isChunked)
        #expect(answer.body == "all of it")
        let old = try stage.client()
        old.say("GET /v1/database/a HTTP/1.0\r\nX-Bunbase-Client-Key: \(Stage.key)\r\n\r\n")
        let oldAnswer = try stage.answer(old)
        #expect(!oldAnswer.isChunked)
        #expect(oldAnswer.body == "all of it")
        #expect(oldAnswer["connection"] == "close")
        #expect(old.hasEnded)
    }

    @Test func `HEAD has the length but no body`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        instance.onBytes = { peer in
            let isHead = peer.text.hasPrefix("HEAD")
            peer.forget()
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + (isHead ? "" : "hello"))
        }
        let client = try stage.client()
        client.say(Stage.get().replacing("GET", with: "HEAD"))
        let head = try stage.answer(client, to: .head)
        #expect(head["content-length"] == "5")
        client.say(Stage.get())
        #expect(try stage.answer(client).body == "hello")
    }

    @Test func `says 100 when the body can go on its way, and passes other interim answers on`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(
            "POST /v1/database/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: \(Stage.key)\r\nContent-Length: 5\r\n"
                + "Expect: 100-continue\r\n\r\n")
        #expect(try stage.answer(client).status == 100)
        try stage.until { instance.peers.first?.text.contains("content-length: 5\r\n") == true }
        #expect(!instance.peers[0].text.lowercased().contains("expect"))
        client.say("hello")
        try stage.until { instance.peers[0].text.hasSuffix("hello") }
        instance.peers[0].say(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                + "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
        )
        let answers = try stage.answers(client, 2)
        #expect(answers.map(\.status) == [103, 201])
        #expect(answers[0]["link"] == "</a>")
    }

    @Test func `a client that ends its side still gets its answer`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(Stage.post("body"))
        client.endSending()
        try stage.until { instance.peers.first?.text.hasSuffix("body") == true }
        instance.peers[0].say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(try stage.answer(client).body == "ok")
        try stage.until { client.hasEnded }
    }

    @Test func `a slow reader holds the instance back instead of filling memory`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let total = 32 << 20
        instance.onBytes = { peer in
            guard peer.text.hasSuffix("\r\n\r\n") else { return }
            peer.forget()
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            peer.say([UInt8](repeating: 7, count: total))
        }
        let client = try stage.client()
        client.isReading = false
        client.say(Stage.get())
        // Nothing moves any more: what left the instance lies in the kernel's buffers, and one read's worth here.
        var last = -1
        try stage.until {
            defer { last = instance.peers.first?.sentCount ?? -1 }
            return last > 0 && instance.peers[0].sentCount == last && stage.isStill()
        }
        #expect(last < 16 << 20)
        #expect(stage.front.keptForClients <= 70_000)
        client.isReading = true
        try stage.until { client.received.count > total }
        #expect(client.received.suffix(total).allSatisfy { $0 == 7 })
    }

    @Test func `a big body reaches a slow instance whole`() throws {
        let stage = try Stage()
        stage.supervisor.routes[0].bodyMax = 1 << 30
        try stage.start()
        let instance = try stage.instance()
        let total = 24 << 20
        let client = try stage.client()
        client.say(
            Stage.head("PUT /v1/database/a", "Content-Length: \(total)\r\n")
        )
        try stage.until { instance.peers.count == 1 }
        instance.peers[0].isReading = false
        client.say([UInt8](repeating: 9, count: total))
        var last = -1
        try stage.until {
            defer { last = client.sentCount }
            return client.sentCount == last && stage.isStill()
        }
        #expect(last < 16 << 20)
        instance.peers[0].isReading = true
        try stage.until { client.isAllSent && instance.peers[0].received.count > total }
        instance.peers[0].say("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(try stage.answer(client).status == 204)
        let head = instance.peers[0].text.range("\r\n\r\n")!
        #expect(instance.peers[0].received.count - instance.peers[0].text[..<head.upperBound].utf8.count == total)
    }
}
