import Contracts
import FrontShell
import HTTP2Support
import Linux
import Nouns
import TLSSupport
import Testing

/// Streams live through whatever changes beside them.
@Suite struct StreamsTests {
    /// A stage with an instance behind a route that allows both.
    private func stage(_ prepare: (Stage) -> Void = { _ in }) throws -> (Stage, FakeInstance) {
        let stage = try Stage()
        stage.supervisor.routes[0].upgrades = true
        prepare(stage)
        try stage.start()
        return (stage, try stage.instance())
    }

    @Test func `they live through a change of routes, even of their own`() throws {
        let (stage, instance) = try stage()
        let streams = [try Streams.tunnel(stage, instance), try Streams.events(stage, instance)]
        stage.supervisor.routes[0].upgrades = false
        try stage.reload()
        for stream in streams { try Streams.check(stage, stream) }
        stage.supervisor.routes = [
            Route(prefix: "/elsewhere/", kind: .bunder, rewrite: "/", bodyMax: 1, timeout: .milliseconds(1))
        ]
        try stage.reload()
        #expect(try stage.ask(Stage.get()).code == "route.unknown")
        for stream in streams { try Streams.check(stage, stream) }
    }

    @Test func `they live through a change of limits`() throws {
        let (stage, instance) = try stage()
        let streams = [try Streams.tunnel(stage, instance), try Streams.events(stage, instance)]
        stage.supervisor.limits.connectionsMax = 1
        stage.supervisor.limits.project.requests = 1
        try stage.reload()
        #expect(try stage.ask(Stage.get()).code == "connections.too_many")
        for stream in streams { try Streams.check(stage, stream) }
    }

    @Test func `they live through other instances' restarts and ends`() throws {
        let (stage, instance) = try stage()
        let streams = [try Streams.tunnel(stage, instance), try Streams.events(stage, instance)]
        stage.supervisor.routes.append(
            Route(prefix: "/kv/", kind: .bunder, rewrite: "/", bodyMax: 1, timeout: .seconds(30)))
        try stage.reload()
        let otherID = InstanceID(Stage.project, .bunder)
        let other = try stage.instance(otherID, generation: 2)
        let waiting = try stage.client()
        waiting.say(Stage.get("/kv/a"))
        try stage.until { other.peers.first?.received.isEmpty == false }
        other.kill()
        try other.start()
        other.answer { _ in "again" }
        #expect(try stage.answer(waiting).body == "again")
        for stream in streams { try Streams.check(stage, stream) }
        stage.supervisor.say(.revoke(otherID, other.endpoint.generation, grace: .zero, nil))
        try stage.until { other.peers.allSatisfy(\.hasEnded) }
        for stream in streams { try Streams.check(stage, stream) }
    }

    @Test func `they live through the supervisor's and the platform's ends`() throws {
        let (stage, instance) = try stage()
        let streams = [try Streams.tunnel(stage, instance), try Streams.events(stage, instance)]
        stage.supervisor.stop()
        stage.platform.stop()
        #expect(stage.isStill())
        for stream in streams { try Streams.check(stage, stream) }
        try stage.supervisor.start()
        try stage.until { stage.supervisor.heard.contains(.holds(Stage.bundoc, instance.endpoint.generation)) }
        for stream in streams { try Streams.check(stage, stream) }
    }

    @Test(arguments: [false, true])
    func `over TLS they live through a change of certificates`(isHTTP2: Bool) throws {
        let certificate = try TestCertificate(["a.test"])
        let (stage, instance) = try stage {
            $0.supervisor.tls.certificates = [.init(certificate)]
        }
        instance.onBytes = { peer in
            peer.forget()
            peer.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\none,")
        }
        let client = try stage.secureClient { $0.protocols = isHTTP2 ? ["h2"] : ["http/1.1"] }
        let frames = FrameClient()
        let stream = isHTTP2 ? frames.request(Stage.fields()) : 0
        try stage.until { client.client.isEstablished }
        if isHTTP2 { client.say(frames.takeOutgoing()) } else { client.say(Stage.get()) }
        var text: String {
            guard isHTTP2 else { return client.client.text }
            frames.receive(client.client.takeReceived())
            return frames.answers[stream]?.text ?? ""
        }
        try stage.until { text.contains("one,") }
        try certificate.renew(["b.test"])
        try stage.reload()
        let second = try stage.secureClient { $0.protocols = ["http/1.1"] }
        try stage.until { second.client.isEstablished }
        #expect(second.client.certificateName == "b.test")
        instance.peers[0].say("two,")
        try stage.until { text.contains("two,") }
        #expect(!client.peer.hasEnded)
    }
}
