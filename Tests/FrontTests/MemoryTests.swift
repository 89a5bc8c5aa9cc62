import Contracts
import FrontShell
import HTTP2Support
import Linux
import Nouns
import Testing

/// What a loop keeps for those who are slow is counted, bounded and given back.
@Suite struct MemoryTests {
    private func stage(_ memoryMax: Int) throws -> Stage {
        let stage = try Stage { $0.memoryMax = memoryMax }
        try stage.start()
        return stage
    }

    @Test func `beginnings of heads count, and are refused when there is no room`() throws {
        let stage = try stage(20_000)
        try stage.instance().answer { _ in "ok" }
        let half = "GET /v1/database/a HTTP/1.1\r\nHost: h\r\nX-Long: " + String(repeating: "x", count: 12_000)
        let clients = try (0..<2).map { _ in try stage.client() }
        for client in clients { client.say(half) }
        try stage.until { stage.front.memoryKept > 24_000 }
        let third = try stage.client()
        third.say(half)
        #expect(try stage.answer(third).code == "front.memory_full")
        #expect(try stage.ask(Stage.get()).code == "front.memory_full")
        for client in clients { client.close() }
        try stage.until { stage.front.memoryKept == 0 }
        #expect(try stage.ask(Stage.get()).status == 200)
    }

    @Test func `a head that is complete in the end counts no more`() throws {
        let stage = try stage(1 << 20)
        try stage.instance().answer { _ in "ok" }
        let client = try stage.client()
        let request = Stage.get("/v1/database/a", "X-Long: " + String(repeating: "x", count: 3_000) + "\r\n")
        client.say(String(request.dropLast(10)))
        try stage.until { stage.front.memoryKept > 3_000 }
        client.say(String(request.suffix(10)))
        #expect(try stage.answer(client).status == 200)
        try stage.until { stage.front.memoryKept == 0 }
    }

    @Test func `requests behind one that is under way count`() throws {
        let stage = try stage(1 << 20)
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(Stage.get() + Stage.get())
        try stage.until { stage.front.memoryKept >= Stage.get().utf8.count && !instance.peers.isEmpty }
        instance.answer { _ in "ok" }
        instance.peers[0].onBytes?(instance.peers[0])
        #expect(try stage.answers(client, 2).map(\.status) == [200, 200])
        try stage.until { stage.front.memoryKept == 0 }
    }

    @Test func `an answer that its client does not read counts`() throws {
        let stage = try stage(1)
        let body = String(repeating: "x", count: 20_000_000)
        try stage.instance().answer { $0.contains("/slow") ? body : "ok" }
        let slow = try stage.client()
        slow.isReading = false
        slow.say(Stage.get("/v1/database/slow"))
        try stage.until { stage.front.memoryKept > 0 }
        #expect(try stage.ask(Stage.get()).code == "front.memory_full")
        slow.close()
        try stage.until { stage.front.memoryKept == 0 }
        #expect(try stage.ask(Stage.get()).status == 200)
    }

    @Test func `over HTTP 2 answers that wait count`() throws {
        let stage = try stage(30_000)
        let body = String(repeating: "x", count: 1_000_000)
        try stage.instance().answer { $0.contains("/slow") ? body : "ok" }
        let slow = try stage.http2()
        slow.client.takesBodies = false
        slow.request(Stage.fields("GET", "/v1/database/slow"))
        try stage.until { stage.front.memoryKept > 30_000 }
        #expect(try stage.ask(Stage.get()).code == "front.memory_full")
        slow.peer.close()
        try stage.until { stage.front.memoryKept == 0 }
        #expect(try stage.ask(Stage.get()).status == 200)
    }

    @Test func `over HTTP 2 bodies that wait count, and are refused when there is no room`() throws {
        let stage = try stage(40_000)
        let peer = try stage.http2()
        // Its instance does not come.
        let stream = peer.request(Stage.fields("POST"), isAll: false)
        try stage.until { stage.supervisor.heard.contains { if case .request = $0 { true } else { false } } }
        let piece = String(repeating: "x", count: 16_000)
        var count = 0
        try stage.until {
            if peer[stream].status == 0, count < 12 { peer.body(piece, on: stream, isAll: false) }
            count += 1
            return peer[stream].status != 0
        }
        #expect(peer[stream].code == "front.memory_full")
        peer.peer.close()
        try stage.until { stage.front.memoryKept == 0 }
    }

    @Test func `what a Redis client has begun to say counts`() throws {
        let stage = try stage(1 << 20)
        let client = try Peer(port: stage.respPort, on: stage.loop)
        client.say("AUTH acme")
        try stage.until { stage.front.memoryKept == 9 }
        client.close()
        try stage.until { stage.front.memoryKept == 0 }
    }

    @Test func `half a head of an instance counts`() throws {
        let stage = try stage(1 << 20)
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(Stage.get())
        try stage.until { instance.peers.first?.text.isEmpty == false }
        instance.peers[0].say("HTTP/1.1 200 OK\r\n")
        try stage.until { stage.front.memoryKept == 17 }
        instance.peers[0].say("content-length: 0\r\n\r\n")
        #expect(try stage.answer(client).status == 200)
        #expect(stage.front.memoryKept == 0)
    }
}
