import Contracts
import FrontShell
import Linux
import Nouns
import Testing

@Suite struct LeaseTests {
    @Test func `a revoked lease lets the request under way finish and makes the next one wait`() throws {
        let stage = try Stage()
        try stage.start()
        let old = try stage.instance()
        let client = try stage.client()
        client.say(Stage.get())
        try stage.until { old.peers.first?.received.isEmpty == false }
        stage.supervisor.say(.revoke(Stage.bundoc, Generation(1), grace: .seconds(10), nil))
        let new = try stage.instance(generation: 2, woke: true)
        new.answer { _ in "new" }
        let next = try stage.client()
        next.say(Stage.get())
        try stage.until { stage.front.waitingCount == 2 }
        #expect(!stage.supervisor.heard.contains(.release(Stage.bundoc, Generation(1))))
        old.peers[0].say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
        #expect(try stage.answer(client).body == "old")
        #expect(try stage.answer(next).body == "new")
        #expect(stage.supervisor.heard.contains(.release(Stage.bundoc, Generation(1))))
        // The pooled connection of the old generation is not used any more.
        try stage.until { old.peers[0].hasEnded }
    }

    @Test func `a revocation with a fault, or whose grace is over, ends what is under way`() throws {
        let stage = try Stage()
        try stage.start()
        let fault = Fault(
            503, "instance.quarantined", "It crashed too often.", party: .instance, retryAfter: .seconds(9))
        for (generation, revocation, code) in [
            (UInt64(1), (grace: Duration.seconds(10), fault: Fault?.some(fault)), "instance.quarantined"),
            (2, (grace: .milliseconds(30), fault: nil), "instance.stopping"),
        ] {
            let instance = try stage.instance(generation: generation)
            let client = try stage.client()
            client.say(Stage.get())
            try stage.until { instance.peers.first?.received.isEmpty == false }
            stage.supervisor.say(
                .revoke(Stage.bundoc, Generation(generation), grace: revocation.grace, revocation.fault))
            let answer = try stage.answer(client)
            #expect(answer.status == 503)
            #expect(answer.code == code)
            try stage.until { instance.peers[0].hasEnded }
            try stage.until { stage.supervisor.heard.contains(.release(Stage.bundoc, Generation(generation))) }
        }
    }

    @Test func `a lease without requests is given back after a while`() throws {
        let stage = try Stage(limits: { $0.linger = .milliseconds(40) })
        try stage.start()
        let instance = try stage.instance()
        instance.answer { _ in "" }
        _ = try stage.ask(Stage.get())
        try stage.until { stage.supervisor.heard.contains(.release(Stage.bundoc, Generation(1))) }
        try stage.until { instance.peers[0].hasEnded }
    }

    @Test func `a lost supervisor ends nothing, and its successor hears what is held and wanted`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let streaming = try stage.client()
        streaming.say(Stage.get())
        try stage.until { instance.peers.first?.received.isEmpty == false }
        instance.peers[0].forget()
        stage.supervisor.stop()
        // What is held goes on being used.
        instance.answer { _ in "without" }
        #expect(try stage.ask(Stage.get()).body == "without")
        // What is not held waits.
        let otherKey = "pk_" + String(repeating: "c", count: 32)
        stage.platform.say(
            .project(KeyEntry(project: ProjectID("other")!, slug: "other", key: otherKey), table: 8))
        try stage.until { stage.platform.heard.contains(.seen(table: 8)) }
        let waiting = try stage.client()
        waiting.say(Stage.get().replacing(Stage.key, with: otherKey))
        try stage.until { stage.front.waitingCount == 2 }
        let other = try FakeInstance(
            InstanceID(ProjectID("other")!, .bundoc), generation: 2, in: stage.directory, on: stage.loop)
        other.answer { _ in "other" }
        stage.supervisor.forget()
        stage.supervisor.answer = { _, ticket in .grant(ticket: ticket, other.endpoint) }
        try stage.supervisor.start()
        #expect(try stage.answer(waiting).body == "other")
        guard case .hello(LeaseChannel.version, 0xF00) = stage.supervisor.heard[0] else {
            Issue.record("\(stage.supervisor.heard)")
            return
        }
        #expect(stage.supervisor.heard[1] == .holds(Stage.bundoc, Generation(1)))
        #expect(stage.supervisor.heard[2] == .registered)
        instance.peers[0].say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")
        #expect(try stage.answer(streaming).body == "1")
    }

    @Test func `other settings hold from the next request on`() throws {
        let stage = try Stage()
        try stage.start()
        try stage.instance().answer { String($0.split(separator: " ")[1]) }
        let client = try stage.client()
        client.say(Stage.get())
        #expect(try stage.answer(client).body == "/v1/projects/acme/databases/a")
        stage.supervisor.routes[0].rewrite = "/v2/"
        stage.supervisor.sayConfiguration()
        try stage.until { try! stage.ask(Stage.get()).body == "/v2/a" }
        client.say(Stage.get())
        #expect(try stage.answer(client).body == "/v2/a")
    }

    @Test func `a front begins with the platform's file, and then hears of changes`() throws {
        let stage = try Stage()
        try stage.listen()
        try stage.supervisor.start()
        stage.front.joinSupervisor(at: stage.directory + "/lease.sock")
        stage.front.joinPlatform(at: stage.directory + "/keys.sock")
        try stage.until { try! stage.ask(Stage.get()).code == "front.keys_unavailable" }
        stage.front.begin(with: KeySnapshot(table: 3, entries: stage.platform.entries))
        try stage.instance().answer { _ in "known" }
        #expect(try stage.ask(Stage.get()).body == "known")
        let rotated = "pk_" + String(repeating: "d", count: 32)
        stage.platform.entries[0].key = rotated
        try stage.platform.start()
        try stage.until { stage.platform.heard.contains(.seen(table: 7)) }
        #expect(stage.platform.heard[0] == .hello(version: KeyChannel.version, table: 3))
        #expect(try stage.ask(Stage.get()).code == "key.unknown")
        #expect(try stage.ask(Stage.get().replacing(Stage.key, with: rotated)).body == "known")
        stage.platform.say(.removed(Stage.project, table: 8))
        try stage.until { stage.platform.heard.contains(.seen(table: 8)) }
        #expect(try stage.ask(Stage.get().replacing(Stage.key, with: rotated)).code == "key.unknown")
    }

    @Test func `draining answers what comes on open connections, and closes each behind its answer`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let (idle, next) = (try stage.client(), try stage.client())
        let busy = try stage.client()
        busy.say(Stage.get())
        try stage.until { instance.peers.first?.received.isEmpty == false && stage.front.connectionCount == 3 }
        var isDrained = false
        stage.front.onDrained = { isDrained = true }
        stage.front.drain()
        next.say(Stage.get())
        try stage.until { instance.peers.count == 2 && !instance.peers[1].received.isEmpty }
        instance.peers[1].say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
        let last = try stage.answer(next)
        #expect(last.body == "next" && last["connection"] == "close")
        #expect(!idle.hasEnded)
        try stage.until { idle.hasEnded }
        #expect(!isDrained)
        if let late = try? stage.client() {
            try stage.until { late.hasEnded }
            #expect(late.received.isEmpty)
        }
        instance.peers[0].say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend")
        let answer = try stage.answer(busy)
        #expect(answer.body == "end")
        #expect(answer["connection"] == "close")
        try stage.until { isDrained && busy.hasEnded }
    }

    @Test func `tells when the last client has gone and the next one comes`() throws {
        let stage = try Stage()
        try stage.start()
        let client = try stage.client()
        try stage.until { stage.idleness == [false] }
        let second = try stage.client()
        try stage.until { stage.front.connectionCount == 2 }
        client.close()
        second.close()
        try stage.until { stage.idleness == [false, true] }
    }

    @Test func `an idle front sets no timer`() throws {
        let stage = try Stage(limits: { ($0.linger, $0.upstreamIdle) = (.milliseconds(30), .milliseconds(30)) })
        try stage.start()
        try stage.instance().answer { _ in "" }
        _ = try stage.ask(Stage.get())
        try stage.until { stage.loop.timers.next == nil && stage.front.connectionCount == 0 }
    }
}
