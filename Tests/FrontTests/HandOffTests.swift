import CLinux
import Contracts
import FrontShell
import Glibc
import Linux
import Nouns
import Testing

@Suite struct HandOffTests {
    static let bunder = InstanceID(Stage.project, .bunder)

    @Test(arguments: [
        ("AUTH acme-inc \(Stage.key)\r\nGET a\r\nGET", HandOff.Greeting.auth, "GET a\r\nGET"),
        (
            "*3\r\n$4\r\nauth\r\n$4\r\nacme\r\n$35\r\n\(Stage.key)\r\n*1\r\n$4\r\nPING\r\n", .auth,
            "*1\r\n$4\r\nPING\r\n"
        ),
        ("HELLO 3 AUTH acme \(Stage.key)\r\n", .hello(version: 3), ""),
    ]) func `a client that says who it is goes over with all it has said`(
        _ text: String, _ greeting: HandOff.Greeting, _ unread: String
    ) throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance(Self.bunder)
        let taker = try Taker(stage, at: instance.endpoint.handOff!)
        let client = try Peer(port: stage.respPort, on: stage.loop)
        client.say("PING\r\n" + text)
        try stage.until { taker.taken.count == 1 && stage.front.connectionCount == 0 }
        #expect(client.text == "-NOAUTH Authentication required: AUTH <project> <key>\r\n")
        let (handOff, peer) = taker.taken[0]
        #expect(handOff.greeting == greeting)
        #expect(String(decoding: handOff.unread, as: UTF8.self) == unread)
        #expect(handOff.token == instance.endpoint.token)
        client.say("more")
        try stage.until { peer.text == "more" }
        peer.say("+OK\r\n")
        try stage.until { client.text.hasSuffix("+OK\r\n") }
        // The front has no copy left: the connection ends with the instance's.
        peer.close()
        try stage.until { client.hasEnded }
    }

    @Test func `an instance whose socket's file was deleted is reached by its second name`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance(Self.bunder)
        let path = try #require(instance.endpoint.handOff)
        let taker = try Taker(stage, at: path)
        try Socket.addName(RunPaths.spare(of: path), to: path)
        #expect(unlink(path) == 0)
        let client = try Peer(port: stage.respPort, on: stage.loop)
        client.say("AUTH acme \(Stage.key)\r\n")
        try stage.until { taker.taken.count == 1 }
        #expect(client.received.isEmpty)
    }

    @Test func `an instance that dies over the connection has a successor`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance(Self.bunder)
        let taker = try Taker(stage, at: instance.endpoint.handOff!)
        taker.answer = nil
        let client = try Peer(port: stage.respPort, on: stage.loop)
        client.say("AUTH acme \(Stage.key)\r\n")
        try stage.until { taker.taken.count == 1 }
        #expect(taker.attempts == 2)
        #expect(client.received.isEmpty)
    }

    @Test func `a refusal becomes an error line and the end`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance(Self.bunder)
        let taker = try Taker(stage, at: instance.endpoint.handOff!)
        taker.answer = .refused(Fault(503, "instance.full", "No room.", party: .instance))
        let client = try Peer(port: stage.respPort, on: stage.loop)
        client.say("AUTH acme \(Stage.key)\r\n")
        try stage.until { client.hasEnded }
        #expect(client.text == "-ERR No room. (instance.full)\r\n")
        stage.supervisor.answer = { _, ticket in
            .refuse(ticket: ticket, Fault(503, "instance.quarantined", "Crashed.", party: .instance))
        }
        stage.supervisor.say(.revoke(Self.bunder, Generation(1), grace: .zero, nil))
        try stage.until { stage.supervisor.heard.contains(.release(Self.bunder, Generation(1))) }
        let second = try Peer(port: stage.respPort, on: stage.loop)
        second.say("AUTH acme \(Stage.key)\r\n")
        try stage.until { second.hasEnded }
        #expect(second.text == "-ERR Crashed. (instance.quarantined)\r\n")
    }

    @Test func `a key that is changed on the way lets nobody in`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance(Self.bunder)
        // It never answers: the connection stays on its way.
        var hasCome = false
        let listener = try PacketListener(
            try Socket.listen(at: instance.endpoint.handOff!, .packets), on: stage.loop, admits: { _ in true },
            { connection, _ in connection.onMessage = { _, _ in hasCome = true } })
        let client = try Peer(port: stage.respPort, on: stage.loop)
        client.say("AUTH acme \(Stage.key)\r\n")
        try stage.until { hasCome }
        let other = KeyEntry(project: Stage.project, slug: "acme-inc", key: "pk_" + String(repeating: "f", count: 32))
        stage.platform.say(.project(other, table: 8))
        try stage.until { client.hasEnded }
        #expect(client.text.hasPrefix("-WRONGPASS "))
        listener.close()
    }

    @Test func `wrong keys, other commands, floods and silence get nowhere`() throws {
        let stage = try Stage(limits: { $0.headTimeout = .milliseconds(80) })
        try stage.start()
        func outcome(_ text: String) throws -> String {
            let client = try Peer(port: stage.respPort, on: stage.loop)
            client.say(text)
            try stage.until { client.hasEnded }
            return client.text
        }
        #expect(try outcome("AUTH acme pk_wrong\r\nQUIT\r\n").hasPrefix("-WRONGPASS "))
        #expect(try outcome("AUTH other \(Stage.key)\r\nQUIT\r\n").hasPrefix("-WRONGPASS "))
        #expect(try outcome("GET a\r\nQUIT\r\n") == "-NOAUTH Authentication required: AUTH <project> <key>\r\n+OK\r\n")
        #expect(
            try outcome(String(repeating: "PING\r\n", count: 100)).hasSuffix("-ERR too many commands before AUTH\r\n"))
        #expect(try outcome("*3\r\n$4\r\nAUTH\r\n$999999\r\n").hasPrefix("-ERR Protocol error"))
        #expect(try outcome(String(repeating: "x", count: 2000)).hasPrefix("-ERR Protocol error"))
        #expect(try outcome("*1").hasPrefix("-ERR AUTH did not come in time"))
        #expect(stage.supervisor.heard.allSatisfy { if case .request = $0 { false } else { true } })
        #expect(stage.front.connectionCount == 0)
    }
}
