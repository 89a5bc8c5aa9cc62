import Contracts
import FrontShell
import Linux
import Nouns
import Testing

@Suite struct RetryTests {
    @Test func `a read whose instance is killed is answered by the successor`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let clients = try (0..<8).map { _ in try stage.client() }
        for client in clients { client.say(Stage.get()) }
        try stage.until { instance.peers.count == 8 && instance.peers.allSatisfy { !$0.received.isEmpty } }
        instance.kill()
        // The retries wait in the kernel's queue.
        try stage.until { stage.isStill() }
        #expect(clients.allSatisfy { $0.received.isEmpty })
        instance.answer { _ in "again" }
        try instance.start()
        for client in clients { #expect(try stage.answer(client).body == "again") }
        // Same lease: nobody asked anew.
        #expect(stage.supervisor.heard.filter { if case .request = $0 { true } else { false } }.count == 1)
    }

    @Test func `a read with half an answer's head is repeated, with half a body it is cut`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(Stage.get())
        try stage.until { instance.peers.first?.received.isEmpty == false }
        instance.peers[0].say("HTTP/1.1 200 OK\r\nContent-")
        try stage.until { stage.isStill() }
        instance.kill()
        try instance.start()
        try stage.until { instance.peers.first?.received.isEmpty == false }
        instance.peers[0].say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        try stage.until { client.text.hasSuffix("half") }
        instance.kill()
        try stage.until { client.hasEnded }
        #expect(client.text.hasSuffix("half"))
    }

    @Test func `a write that was sent is not sent twice`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(Stage.post("body"))
        try stage.until { instance.peers.first?.text.hasSuffix("body") == true }
        instance.kill()
        try instance.start()
        let answer = try stage.answer(client)
        #expect(answer.status == 502)
        #expect(answer.code == "instance.connection_lost")
        #expect(answer.body.contains("\"party\":\"instance\""))
        try stage.until { stage.isStill() }
        #expect(instance.peers.isEmpty)
        // The connection goes on.
        instance.answer { _ in "next" }
        client.say(Stage.get())
        #expect(try stage.answer(client).body == "next")
    }

    @Test func `a PUT with a body that fits is sent again, a longer one is not`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        for (length, status) in [(60_000, 200), (70_000, 502)] {
            let body = String(repeating: "p", count: length)
            let client = try stage.client()
            client.say(Stage.post(body).replacing("POST", with: "PUT"))
            try stage.until {
                instance.peers.last?.text.hasSuffix("p") == true && instance.peers.last!.received.count > length
            }
            instance.kill()
            instance.onBytes = { peer in
                if peer.received.count > length { peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }
            }
            try instance.start()
            #expect(try stage.answer(client).status == status)
            instance.onBytes = nil
            instance.kill()
            try instance.start()
        }
    }

    @Test func `a request that kills its instance is given up`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        var deaths = 0
        instance.onBytes = {
            deaths += 1
            $0.close()
        }
        let answer = try stage.ask(Stage.get())
        #expect(answer.code == "instance.connection_lost")
        #expect(deaths == 3)
    }

    @Test func `a write never goes to a pooled connection that has ended`() throws {
        let stage = try Stage()
        try stage.start()
        for isUnix in [true, false] {
            let instance = try stage.instance(generation: isUnix ? 1 : 2, isUnix: isUnix)
            instance.answer { _ in "pooled" }
            #expect(try stage.ask(Stage.get()).body == "pooled")
            let client = try stage.client()
            try stage.until { stage.front.connectionCount == 1 }
            // The end and the request arrive in the same turn of the loop.
            instance.kill()
            instance.onBytes = { $0.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh") }
            try instance.start()
            client.say(Stage.post("x"))
            #expect(try stage.answer(client).body == "fresh")
            client.close()
            stage.supervisor.say(
                .revoke(Stage.bundoc, instance.endpoint.generation, grace: .zero, nil))
            try stage.until { stage.supervisor.heard.contains(.release(Stage.bundoc, instance.endpoint.generation)) }
        }
    }

    @Test func `a listener that is gone, or says 421, means a new lease, whatever the method`() throws {
        let stage = try Stage()
        try stage.start()
        let old = try stage.instance()
        old.answer { _ in "old" }
        #expect(try stage.ask(Stage.get()).body == "old")
        let new = try stage.instance(generation: 2)
        new.onBytes = { $0.say("HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n") }
        let newest = try FakeInstance(Stage.bundoc, generation: 3, in: stage.directory, on: stage.loop)
        newest.onBytes = { $0.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnewest") }
        var grants = [new, newest]
        stage.supervisor.answer = { _, ticket in .grant(ticket: ticket, grants.removeFirst().endpoint) }
        old.release()
        let answer = try stage.ask(Stage.post("body"))
        #expect(answer.body == "newest")
        #expect(stage.supervisor.heard.contains(.release(Stage.bundoc, Generation(1))))
        #expect(stage.supervisor.heard.contains(.release(Stage.bundoc, Generation(2))))
        let text = newest.peers[0].text
        #expect(text.contains(newest.endpoint.token!.hex) && !text.contains(new.endpoint.token!.hex))
        #expect(text.hasSuffix("\r\n\r\nbody"))
    }

    @Test func `an answer that comes before the body's end is passed on`() throws {
        let stage = try Stage()
        stage.supervisor.routes[0].bodyMax = 1 << 30
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(
            Stage.head("POST /v1/database/a", "Content-Length: 90000000\r\n")
        )
        try stage.until { instance.peers.first?.received.isEmpty == false }
        instance.peers[0].say("HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 4\r\n\r\nfull")
        instance.peers[0].close()
        client.say([UInt8](repeating: 1, count: 200_000))
        let answer = try stage.answer(client)
        #expect(answer.status == 507)
        #expect(answer["connection"] == "close")
        try stage.until { client.hasEnded }
    }
}
