import BunderEngine
import Contracts
import Glibc
import Linux
import Log
import Nouns
import Service
import Testing

/// A whole engine on a loop of the test's own, as one incarnation after another on the same data.
final class Instance {
    let loop: EventLoop
    let child: Child
    let port: UInt16
    private let engine: Engine
    private let handOffPath: String
    private let data: Scratch

    init(_ data: Scratch, settings: [String: String] = [:], disk: any Disk = KernelDisk()) throws {
        self.data = data
        loop = try EventLoop()
        let http = try Socket.listen(on: .loopback(port: 0))
        port = try Socket.localPort(of: http)
        handOffPath = data.path + ".take"
        let handOff = try Socket.listen(at: handOffPath, .packets)
        var variables = [ChildEnvironment.data: data.path, ChildEnvironment.project: "acme"]
        for (name, value) in settings {
            variables[ChildEnvironment.settingPrefix + name.uppercased()] = value
        }
        let passed = PassedDescriptors([(DescriptorName.tcp, http), (DescriptorName.handOff, handOff)])
        child = try Child(.bunder, on: loop, Inheritance(variables: variables, descriptors: passed))
        engine = Engine(child, disk: disk)
        child.start()
    }

    deinit { unlink(handOffPath) }

    /// Ends it as SIGTERM does; another may begin on its data.
    func stop() throws {
        child.terminate()
        try loop.run()
        #expect(child.failure == nil)
    }

    /// A client whose connection was handed over after that greeting, with bytes already read.
    func client(_ greeting: HandOff.Greeting = .auth, unread: String = "") throws -> Client {
        let (own, passed) = try Socket.pair(.stream)
        let channel = try PacketConnection(Socket.connect(to: handOffPath, .packets), on: loop)
        var answer: HandOff.Answer?
        channel.onMessage = { message, _ in answer = try? HandOff.Answer(message) }
        let token = Token(random: (1, 2))
        channel.send(HandOff(token: token, greeting: greeting, unread: Array(unread.utf8)).message, [passed])
        passed.close()
        try turn { answer != nil }
        #expect(answer == .taken)
        channel.close()
        return Client(own, self)
    }

    func http(_ request: String) throws -> String {
        let client = Client(try Socket.connect(to: .loopback(port: port)), self)
        try client.send(request.replacing("\n", with: "\r\n"))
        return try client.receive { text in
            guard let end = text.firstRange(of: "\r\n\r\n") else { return false }
            guard let field = text.firstRange(of: "content-length: ") else { return true }
            let length = Int(text[field.upperBound...].prefix { $0.isNumber })!
            return text[end.upperBound...].utf8.count >= length
        }
    }

    /// Turns the loop until something is so; fails when it is not within 10 s.
    func turn(until isSo: () -> Bool) throws {
        let end = EventLoop.clock() + .seconds(10)
        while !isSo() {
            guard EventLoop.clock() < end else { throw TimedOut() }
            try loop.turn(wait: .milliseconds(50))
        }
    }

    struct TimedOut: Error {}
}

/// The far end of a connection to an `Instance`.
final class Client {
    private let socket: Descriptor
    private unowned let instance: Instance
    private var received = ""
    private(set) var isAtEnd = false

    init(_ socket: Descriptor, _ instance: Instance) { (self.socket, self.instance) = (socket, instance) }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { rest = rest.dropFirst(count) } else { try instance.loop.turn(wait: .milliseconds(10)) }
        }
    }

    func poll() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { received += String(decoding: buffer[..<count], as: UTF8.self) }
            if count == 0 { isAtEnd = true }
            if count <= 0 { return }
        }
    }

    func receive(until isEnough: (String) -> Bool) throws -> String {
        try instance.turn {
            poll()
            return isEnough(received) || isAtEnd
        }
        defer { received = "" }
        return received
    }

    /// Sends inline commands and takes as many bytes as the expected replies have.
    func ask(_ text: String, expecting reply: String) throws {
        try send(text + "\r\n")
        let expected = reply.replacing(" ", with: "\r\n") + "\r\n"
        let came = try receive { $0.utf8.count >= expected.utf8.count }
        #expect(came == expected, "\(text)")
    }

    var hasNothing: Bool {
        poll()
        return received.isEmpty
    }

    func endSending() { _ = shutdown(socket.number, Int32(SHUT_WR)) }
}

/// An empty directory that goes when its owner goes.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/bunbase-bunder-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError("mkdtemp") }
        path = String(cString: made)
    }

    deinit {
        for name in (try? KernelDisk().names(in: path)) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}

@Suite struct EngineTests {
    @Test func `keeps what was written over both protocols, for the next incarnation`() throws {
        let data = try Scratch()
        do {
            let instance = try Instance(data)
            let put = "PUT /kv/acme/kv/a%20b HTTP/1.1\nhost: x\ncontent-length: 2\n\nhi"
            #expect(try instance.http(put).hasPrefix("HTTP/1.1 200 "))
            let client = try instance.client()
            try client.ask("SET n 41", expecting: "+OK +OK")
            try client.ask("INCR n", expecting: ":42")
            try client.ask("SET gone 1", expecting: "+OK")
            try client.ask("DEL gone", expecting: ":1")
            try instance.stop()
        }
        let instance = try Instance(data)
        let client = try instance.client(.hello(version: 3))
        _ = try client.receive { $0.hasSuffix("*0\r\n") }
        try client.ask("GET n", expecting: "$2 42")
        try client.ask("GET gone", expecting: "_")
        let got = try instance.http("GET /kv/acme/kv/a%20b HTTP/1.1\nhost: x\n\n")
        #expect(got.contains("content-type: application/octet-stream\r\n") && got.hasSuffix("\r\n\r\nhi"))
    }

    @Test(arguments: [
        ("GET /kv/acme/kv/none", "", "404 ", ""),
        ("DELETE /kv/acme/kv/none", "", "404 ", ""),
        ("POST /kv/acme/kv/none/expire?seconds=5", "", "404 ", ""),
        ("GET /kv/acme/kv/none/ttl", "", "404 ", ""),
        ("PUT /kv/acme/kv/a?ttl=0", "x", "400 ", "request.query_malformed"),
        ("PUT /kv/acme/kv/a?ttl=soon", "x", "400 ", "request.query_malformed"),
        ("POST /kv/acme/kv/a/expire", "", "400 ", "request.query_malformed"),
        ("PUT /kv/acme/kv/\(String(repeating: "k", count: 1025))", "x", "400 ", "key.too_long"),
        ("PUT /kv/acme/kv/a", String(repeating: "x", count: 1001), "413 ", "request.body_too_long"),
        ("PUT /kv/acme/kv/a", String(repeating: "x", count: 1000), "507 ", "memory.full"),
        ("GET /kv/other/keys", "", "421 ", "project.misdirected"),
        ("PATCH /kv/acme/kv/a", "", "405 ", "method.not_allowed"),
        ("GET /kv/acme/nothing", "", "404 ", "route.unknown"),
        ("GET /kv/acme/health", "", "200 ", #"{"status":"ok"}"#),
        ("GET /kv/acme/keys", "", "200 ", "[]"),
    ])
    func `answers what cannot be done with status and code`(
        line: String, body: String, status: String, words: String
    ) throws {
        let instance = try Instance(Scratch(), settings: ["value_max": "1000", "memory_max": "1100"])
        let answer = try instance.http("\(line) HTTP/1.1\nhost: x\ncontent-length: \(body.utf8.count)\n\n\(body)")
        #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
        #expect(answer.contains(words), "\(answer)")
    }

    @Test func `lists keys, and lets them expire`() throws {
        let instance = try Instance(Scratch())
        for key in ["b", "a", "c"] {
            _ = try instance.http("PUT /kv/acme/kv/\(key)?ttl=60 HTTP/1.1\nhost: x\ncontent-length: 2\n\n{}")
        }
        #expect(try instance.http("GET /kv/acme/keys HTTP/1.1\nhost: x\n\n").hasSuffix(#"["a","b","c"]"#))
        #expect(try instance.http("GET /kv/acme/keys?pattern=%5Bbc%5D HTTP/1.1\nhost: x\n\n").hasSuffix(#"["b","c"]"#))
        #expect(try instance.http("GET /kv/acme/kv/a/ttl HTTP/1.1\nhost: x\n\n").hasSuffix(#"{"ttl":60}"#))
        let json = try instance.http("GET /kv/acme/kv/a HTTP/1.1\nhost: x\n\n")
        #expect(json.contains("content-type: application/json\r\n"))
        _ = try instance.http("POST /kv/acme/kv/a/expire?seconds=0 HTTP/1.1\nhost: x\ncontent-length: 0\n\n")
        #expect(try instance.http("GET /kv/acme/kv HTTP/1.1\nhost: x\n\n").hasSuffix(#"["b","c"]"#))
        let client = try instance.client()
        try client.ask("PEXPIRE b 1", expecting: "+OK :1")
        // Removed by the timer, not by being asked for: only then the count goes down.
        var count = ""
        let end = EventLoop.clock() + .seconds(10)
        while count != ":1\r\n" {
            try client.send("DBSIZE\r\n")
            count = try client.receive { $0.hasSuffix("\r\n") }
            try #require(count.hasPrefix(":") && EventLoop.clock() < end)
        }
    }

    @Test func `carries out what came with the greeting, and pipelined commands in order`() throws {
        let instance = try Instance(Scratch())
        let client = try instance.client(unread: "SET a 1\r\nGET a\r\nGE")
        #expect(try client.receive { $0.hasSuffix("1\r\n") } == "+OK\r\n+OK\r\n$1\r\n1\r\n")
        try client.ask("T a", expecting: "$1 1")
        let count = 20_000
        let sending = (0..<count).map { "SET k\($0 % 100) \($0)\r\nGET k\($0 % 100)\r\n" }.joined()
        let expected = (0..<count).map { "+OK\r\n$\("\($0)".count)\r\n\($0)\r\n" }.joined()
        try client.send(sending)
        #expect(try client.receive { $0.utf8.count >= expected.utf8.count } == expected)
    }

    @Test func `a client that does not read is not read from, and gets everything when it does`() throws {
        let instance = try Instance(Scratch())
        let client = try instance.client()
        let value = String(repeating: "v", count: 100_000)
        try client.ask("SET big \(String(repeating: "v", count: 60_000))", expecting: "+OK +OK")
        try client.ask("APPEND big \(String(repeating: "v", count: 40_000))", expecting: ":100000")
        try client.send(String(repeating: "GET big\r\n", count: 200))
        for _ in 0..<50 { try instance.loop.turn(wait: .zero) }
        let expected = String(repeating: "$100000\r\n\(value)\r\n", count: 200)
        #expect(try client.receive { $0.utf8.count >= expected.utf8.count } == expected)
    }

    @Test func `ends a connection behind QUIT, behind an error of the protocol, and when its client ends`() throws {
        let instance = try Instance(Scratch())
        let quitting = try instance.client()
        try quitting.send("QUIT\r\nPING\r\n")
        #expect(try quitting.receive { _ in false } == "+OK\r\n+OK\r\n")
        let wrong = try instance.client()
        try wrong.send("*1\r\n:1\r\n")
        #expect(try wrong.receive { _ in false } == "+OK\r\n-ERR Protocol error: expected '$', got ':'\r\n")
        let ending = try instance.client()
        try ending.send("SET a 1\r\n")
        ending.endSending()
        #expect(try ending.receive { _ in false } == "+OK\r\n+OK\r\n")
    }

    @Test func `ends connections behind what they sent when the project's key was changed`() throws {
        let instance = try Instance(Scratch())
        let client = try instance.client()
        try client.ask("SET a 1", expecting: "+OK +OK")
        instance.child.onRekeyed?()
        #expect(try client.receive { _ in false } == "-ERR the project's key was changed\r\n")
        let second = try instance.client()
        try second.ask("GET a", expecting: "+OK $1 1")
    }

    @Test func `disconnects a client that has been silent for too long`() throws {
        let instance = try Instance(Scratch(), settings: ["resp_idle": "1000"])
        let client = try instance.client()
        try client.ask("PING", expecting: "+OK +PONG")
        #expect(try client.receive { _ in false } == "")
        #expect(client.isAtEnd)
    }

    @Test func `a full log refuses writes, not reads and deletes, and has room again afterwards`() throws {
        let data = try Scratch()
        let instance = try Instance(data, settings: ["log_max": "262144"])
        let client = try instance.client()
        try client.ask("PING", expecting: "+OK +PONG")
        let value = String(repeating: "v", count: 10_000)
        var count = 0
        var answer = ""
        repeat {
            let put = "PUT /kv/acme/kv/k\(count) HTTP/1.1\nhost: x\ncontent-length: 10000\n\n"
            answer = try instance.http(put + value)
            count += 1
        } while answer.hasPrefix("HTTP/1.1 200 ")
        count -= 1
        #expect(count > 10)
        #expect(answer.hasPrefix("HTTP/1.1 507 ") && answer.contains("storage.full"))
        for number in 0..<count { try client.ask("STRLEN k\(number)", expecting: ":10000") }
        for number in 0..<count { try client.ask("DEL k\(number)", expecting: ":1") }
        // The next refusal makes a snapshot begin; then the log is trimmed.
        var reply = ""
        let end = EventLoop.clock() + .seconds(10)
        while reply != "+OK\r\n" {
            try client.send("SET again \(value)\r\n")
            reply = try client.receive { $0.hasSuffix("\r\n") }
            try #require(EventLoop.clock() < end && (reply == "+OK\r\n" || reply.hasPrefix("-MISCONF")))
        }
    }

    @Test func `the log does not grow without end, and the state stays the same`() throws {
        let data = try Scratch()
        do {
            let instance = try Instance(data)
            let client = try instance.client()
            try client.ask("SET fixed 1", expecting: "+OK +OK")
            let value = String(repeating: "v", count: 1000)
            for round in 0..<40 {
                try client.send((0..<100).map { "SET k\($0) \(round)\(value)\r\n" }.joined())
                _ = try client.receive { $0.utf8.count >= 500 }
            }
            // Another turn for the last slice of a snapshot.
            try client.ask("PING", expecting: "+PONG")
            let files = try KernelDisk().names(in: data.path)
            #expect(files.contains { $0.hasSuffix(".snap") })
            #expect(!files.contains("0000000000000000.log"))
            try instance.stop()
        }
        let instance = try Instance(data)
        let client = try instance.client()
        try client.ask("DBSIZE", expecting: "+OK :101")
        try client.ask("STRLEN k7", expecting: ":1002")
        try client.ask("GET fixed", expecting: "$1 1")
    }

    @Test func `nobody is answered when the disk fails, and the process ends`() throws {
        let disk = FailingDisk()
        let instance = try Instance(Scratch(), disk: disk)
        let writer = try instance.client()
        let reader = try instance.client()
        try writer.ask("SET a 1", expecting: "+OK +OK")
        try reader.ask("GET a", expecting: "+OK $1 1")
        disk.isFailing = true
        try writer.send("SET a 2\r\n")
        try instance.turn { instance.child.failure != nil }
        // What is in memory now may never have reached the disk.
        try reader.send("GET a\r\n")
        #expect(instance.child.failure?.description.hasPrefix("the log failed: fdatasync") == true)
        for _ in 0..<5 { try instance.loop.turn(wait: .zero) }
        #expect(writer.hasNothing && reader.hasNothing)
    }

    @Test func `a drain answers what has come and closes`() throws {
        let data = try Scratch()
        do {
            let instance = try Instance(data)
            let client = try instance.client()
            let silent = try instance.client()
            try client.send("SET a 1\r\nGET a\r\n")
            try instance.stop()
            #expect(try client.receive { _ in false } == "+OK\r\n+OK\r\n$1\r\n1\r\n")
            #expect(try silent.receive { _ in false } == "+OK\r\n")
        }
        let again = try Instance(data)
        let client = try again.client()
        try client.ask("GET a", expecting: "+OK $1 1")
    }

    @Test func `refuses settings that mean nothing`() throws {
        let unknown = try Instance(Scratch(), settings: ["colour": "red"])
        #expect(unknown.child.failure?.description == "bunder has no setting colour")
        let range = try Instance(Scratch(), settings: ["value_max": "0"])
        #expect(range.child.failure?.description == "the setting value_max is not a whole number from 1 to 33554432")
    }
}

/// The real disk, until its syncs fail.
final class FailingDisk: Disk {
    private let disk = KernelDisk()
    var isFailing = false

    func lock(directory: String) throws(SystemError) -> Int32 { try disk.lock(directory: directory) }
    func names(in directory: String) throws(SystemError) -> [String] { try disk.names(in: directory) }
    func open(_ path: String) throws(SystemError) -> Int32 { try disk.open(path) }
    func create(_ path: String) throws(SystemError) -> Int32 { try disk.create(path) }
    func close(_ file: Int32) { disk.close(file) }
    func size(of file: Int32) throws(SystemError) -> Int { try disk.size(of: file) }
    func read(_ file: Int32, at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        try disk.read(file, at: position, into: buffer)
    }
    func write(_ file: Int32, at position: Int, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
        try disk.write(file, at: position, bytes)
    }
    func data(in file: Int32, from position: Int) throws(SystemError) -> Int {
        try disk.data(in: file, from: position)
    }
    func allocate(_ file: Int32, bytes: Int) throws(SystemError) { try disk.allocate(file, bytes: bytes) }
    func sync(_ file: Int32) throws(SystemError) {
        if isFailing { throw SystemError("fdatasync", code: EIO) }
        try disk.sync(file)
    }
    func sync(directory: String) throws(SystemError) { try disk.sync(directory: directory) }
    func rename(_ path: String, to target: String) throws(SystemError) { try disk.rename(path, to: target) }
    func remove(_ path: String) throws(SystemError) { try disk.remove(path) }
}
