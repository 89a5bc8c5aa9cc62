import Contracts
import FrontShell
import Glibc
import HTTP
import Linux
import Nouns
import TLSSupport
import Telemetry
import Testing

/// A front on the test's loop, with everything around it played by the test.
final class Stage {
    static let key = "pk_0123456789abcdef0123456789abcdef"
    static let project = ProjectID("acme")!
    static let bundoc = InstanceID(project, .bundoc)

    let loop: EventLoop
    let directory: String
    let supervisor: FakeSupervisor
    let platform: FakePlatform
    let front: Front
    private(set) var port: UInt16 = 0
    private(set) var securePort: UInt16 = 0
    private(set) var respPort: UInt16 = 0
    private(set) var secureRESPPort: UInt16 = 0
    private(set) var idleness: [Bool] = []

    init(limits: (inout FrontLimits) -> Void = { _ in }, timeout: Duration = .seconds(30)) throws {
        Signals.ignoreBrokenPipe()
        loop = try EventLoop()
        var template = Array("/tmp/front-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template)))
        supervisor = FakeSupervisor(at: directory + "/lease.sock", on: loop)
        platform = FakePlatform(at: directory + "/keys.sock", on: loop)
        front = Front(on: loop, session: 0xF00)
        limits(&supervisor.limits)
        supervisor.routes = [
            Route(
                prefix: "/v1/database/", kind: .bundoc, rewrite: "/v1/projects/{project}/databases/",
                bodyMax: 1_000_000,
                timeout: timeout)
        ]
        platform.entries = [KeyEntry(project: Self.project, slug: "acme-inc", key: Self.key)]
    }

    deinit {
        front.onIdle = nil
        front.drain()
        for name in ["lease.sock", "keys.sock"] { unlink("\(directory)/\(name)") }
        for kind in ["bundoc", "bunder"] {
            for generation in 1...3 {
                unlink("\(directory)/\(kind)-\(generation).sock")
                unlink("\(directory)/\(kind)-\(generation).take")
            }
        }
        rmdir(directory)
    }

    /// Starts all; returns when the front has settings and keys.
    func start() throws {
        try supervisor.start()
        try platform.start()
        try listen()
        var isConfigured = false
        front.onConfigured = { isConfigured = true }
        front.joinSupervisor(at: directory + "/lease.sock")
        front.joinPlatform(at: directory + "/keys.sock")
        try until { isConfigured && self.platform.heard.contains(.seen(table: 7)) }
    }

    func listen() throws {
        let http = try Socket.listen(on: .loopback(port: 0))
        port = try Socket.localPort(of: http)
        try front.listen(on: http, for: .http)
        let https = try Socket.listen(on: .loopback(port: 0))
        securePort = try Socket.localPort(of: https)
        try front.listen(on: https, for: .https)
        let resp = try Socket.listen(on: .loopback(port: 0))
        respPort = try Socket.localPort(of: resp)
        try front.listen(on: resp, for: .resp)
        let resps = try Socket.listen(on: .loopback(port: 0))
        secureRESPPort = try Socket.localPort(of: resps)
        try front.listen(on: resps, for: .resps)
        front.onIdle = { [unowned self] in idleness.append($0) }
    }

    /// An instance that is granted whenever the front asks.
    func instance(
        _ id: InstanceID = Stage.bundoc, generation: UInt64 = 1, isUnix: Bool = true, woke: Bool = false
    ) throws -> FakeInstance {
        let instance = try FakeInstance(id, generation: generation, in: isUnix ? directory : nil, on: loop)
        supervisor.answer = { _, ticket in .grant(ticket: ticket, instance.endpoint, woke: woke) }
        return instance
    }

    func client() throws -> Peer { try Peer(port: port, on: loop) }

    func secureClient(_ options: (inout TLSClient.Options) -> Void = { _ in }) throws -> TLSPeer {
        TLSPeer(try Peer(port: securePort, on: loop), options)
    }

    /// The supervisor says what it has to say once more, and the front has heard it.
    func reload() throws {
        var isConfigured = false
        front.onConfigured = { isConfigured = true }
        supervisor.sayConfiguration()
        try until { isConfigured }
    }

    /// Turns the loop until something is so; records an issue and throws when it is not within 10 s.
    func until(_ sourceLocation: SourceLocation = #_sourceLocation, _ isSo: () -> Bool) throws {
        let end = EventLoop.clock() + .seconds(10)
        while !isSo() {
            try #require(EventLoop.clock() < end, "the awaited did not happen", sourceLocation: sourceLocation)
            try loop.turn(wait: .milliseconds(50))
        }
    }

    /// The next answers that the peer gets, as many as are asked for: heads and bodies.
    func answers(
        _ peer: Peer, _ count: Int = 1, to method: HTTP.Method = .get,
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [Answer] {
        var answers: [Answer] = []
        do {
            try until(sourceLocation) {
                (answers, _) = Answer.all(peer.received, method, hasEnded: peer.hasEnded)
                return answers.count >= count || peer.hasEnded
            }
        } catch {
            Issue.record("came: \(peer.text.debugDescription)", sourceLocation: sourceLocation)
            throw error
        }
        try #require(answers.count == count, "came: \(peer.text.debugDescription)", sourceLocation: sourceLocation)
        peer.forget()
        return answers
    }

    func answer(
        _ peer: Peer, to method: HTTP.Method = .get, _ sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Answer {
        try answers(peer, 1, to: method, sourceLocation)[0]
    }

    /// One request on a connection of its own, and its answer.
    func ask(_ request: String, to method: HTTP.Method = .get, _ sourceLocation: SourceLocation = #_sourceLocation)
        throws -> Answer
    {
        let client = try client()
        client.say(request)
        defer { client.close() }
        return try answer(client, to: method, sourceLocation)
    }

    static func get(_ path: String = "/v1/database/a", _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: \(key)\r\n\(fields)\r\n"
    }

    /// A request's head with the key and these fields, each with its line end.
    static func head(_ line: String, _ fields: String) -> String {
        "\(line) HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: \(key)\r\n\(fields)\r\n"
    }

    static func post(_ body: String, _ fields: String = "", path: String = "/v1/database/a") -> String {
        "POST \(path) HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: \(key)\r\nContent-Length: \(body.utf8.count)\r\n"
            + "\(fields)\r\n\(body)"
    }
}

extension TLSSettings.Certificate {
    init(_ certificate: TestCertificate) { self.init(chain: certificate.chain, key: certificate.key, hosts: []) }
}

extension Stage {
    /// Nothing happens for a while: no event of any kind comes.
    func isStill() -> Bool {
        let before = loop.now
        for _ in 0..<3 { try? loop.turn(wait: .milliseconds(10)) }
        return loop.now > before
    }
}
