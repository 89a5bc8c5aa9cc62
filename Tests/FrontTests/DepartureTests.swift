import Contracts
import FrontShell
import HTTP2Support
import Linux
import Nouns
import Telemetry
import Testing

/// A front that leaves, with its successor behind it or in a hurry.
@Suite struct DepartureTests {
    private func isOver(_ duration: Duration, since start: Instant) -> Bool { EventLoop.clock() - start > duration }

    @Test func `a relieved front lets resting connections ask once more, and streams go on`() throws {
        let stage = try Stage()
        stage.supervisor.routes[0].upgrades = true
        try stage.start()
        let instance = try stage.instance()
        let tunnel = try Streams.tunnel(stage, instance)
        let events = try Streams.events(stage, instance)
        let resting = try stage.client()
        var isDrained = false
        stage.front.onDrained = { isDrained = true }
        try stage.until { stage.front.connectionCount == 3 }
        stage.front.leave()
        let start = EventLoop.clock()
        try stage.until { isOver(Front.drainGrace * 1.3, since: start) }
        #expect(!resting.hasEnded)
        try Streams.check(stage, tunnel)
        try Streams.check(stage, events)
        instance.answer { _ in "last" }
        resting.say(Stage.get())
        let answer = try stage.answer(resting)
        #expect(answer.body == "last" && answer["connection"] == "close")
        try stage.until { resting.hasEnded }
        #expect(!isDrained)
        events.server.close()
        tunnel.server.close()
        tunnel.client.endSending()
        try stage.until { isDrained }
    }

    @Test func `a relieved front takes no new connection, though others may from the same socket`() throws {
        let stage = try Stage()
        try stage.start()
        let descriptor = try Socket.listen(on: .loopback(port: 0))
        let port = try Socket.localPort(of: descriptor)
        try stage.front.listen(on: try descriptor.duplicate(), for: .http)
        stage.front.leave()
        let late = try Peer(port: port, on: stage.loop)
        late.say(Stage.get())
        #expect(stage.isStill())
        #expect(stage.front.connectionCount == 0 && !late.hasEnded)
        // The successor finds it in the queue.
        #expect(try Socket.accept(from: descriptor) != nil)
    }

    @Test func `a relieved front says farewell to clients of HTTP 2 and finishes their requests`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        instance.onBytes = { peer in
            peer.forget()
            peer.say("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\none")
        }
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields())
        try stage.until { peer[stream].text == "one" }
        stage.front.leave()
        try stage.until { !peer.client.goAways.isEmpty }
        let start = EventLoop.clock()
        try stage.until { isOver(Front.drainGrace * 1.3, since: start) }
        instance.peers[0].say("two")
        try stage.until { peer[stream].text == "onetwo" }
        instance.peers[0].close()
        try stage.until { peer[stream].isComplete && peer.peer.hasEnded }
    }

    @Test func `in a hurry, a request that comes in the last moment is answered`() throws {
        let stage = try Stage()
        try stage.start()
        try stage.instance().answer { _ in "last" }
        let client = try stage.client()
        try stage.until { stage.front.connectionCount == 1 }
        // In the same turn, before the front looks at who rests.
        stage.loop.schedule(after: Front.drainGrace) { client.say(Stage.get()) }
        stage.front.drain()
        let answer = try stage.answer(client)
        #expect(answer.body == "last" && answer["connection"] == "close")
    }

    @Test func `in a hurry, one that comes behind the end meets no reset`() throws {
        let stage = try Stage()
        try stage.start()
        let client = try stage.client()
        try stage.until { stage.front.connectionCount == 1 }
        stage.front.drain()
        try stage.until { client.hasEnded }
        client.say(Stage.get())
        #expect(stage.isStill())
        #expect(client.received.isEmpty && Socket.pendingError(of: client.descriptor) == 0)
    }

    @Test func `a hurry may follow`() throws {
        let stage = try Stage()
        stage.supervisor.routes[0].upgrades = true
        try stage.start()
        let instance = try stage.instance()
        let tunnel = try Streams.tunnel(stage, instance)
        var isDrained = false
        stage.front.onDrained = { isDrained = true }
        stage.front.leave()
        try Streams.check(stage, tunnel)
        stage.front.drain()
        try stage.until { tunnel.client.hasEnded && isDrained }
    }
}
