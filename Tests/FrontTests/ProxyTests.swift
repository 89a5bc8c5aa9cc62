import Contracts
import FrontShell
import HTTP
import Linux
import Nouns
import Routing
import TLSSupport
import Testing

@Suite struct ProxyHeaderTests {
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

    static func read(_ bytes: [UInt8]) -> ProxyHeader.Reading { bytes.withUnsafeBytes { ProxyHeader.read($0) } }
    static func read(_ text: String) -> ProxyHeader.Reading { read(Array(text.utf8)) }

    static func binary(_ command: UInt8, _ family: UInt8, _ addresses: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? addresses.count
        return signature + [command, family, UInt8(length >> 8), UInt8(length & 255)] + addresses
    }

    static let four: [UInt8] = [192, 0, 2, 1, 10, 0, 0, 1, 0, 80, 1, 187]
    static let six: [UInt8] =
        [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
        + [UInt8](repeating: 0, count: 16) + [0, 80, 1, 187]

    @Test(arguments: [
        ("PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\n", "192.0.2.1"),
        ("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", "2001:db8::1"),
        ("PROXY UNKNOWN\r\n", nil), ("PROXY UNKNOWN ffff::1 ::1 1 2\r\n", nil),
    ])
    func `a line is read`(line: String, client: String?) {
        let expected = ProxyHeader.Reading.found(length: line.utf8.count, client: client.flatMap { IPAddress($0) })
        #expect(Self.read(line) == expected)
        #expect(Self.read(line + "GET / HTTP/1.1\r\n") == expected)
        for length in 0..<line.utf8.count { #expect(Self.read(Array(line.utf8.prefix(length))) == .incomplete) }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "proxy TCP4 ", "PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n",
        "PROXY TCP4 ::1 ::1 1 1\r\n", "PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n", "PROXY TCP4 1.1.1.1\t1.1.1.1 1 1\r\n", "PROXY TCP4 a 1.1.1.1 1 1\r\n",
        "PROXY \r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n", "PROXY UNKNOWN " + String(repeating: "x", count: 100) + "\r\n", "X",
    ])
    func `another line is refused`(line: String) {
        #expect(Self.read(line) == .malformed)
    }

    @Test func `the binary form is read`() {
        let client = IPAddress("192.0.2.1")
        for bytes in [Self.binary(0x21, 0x11, Self.four), Self.binary(0x21, 0x11, Self.four + [4, 0, 1, 9])] {
            #expect(Self.read(bytes) == .found(length: bytes.count, client: client))
            #expect(Self.read(bytes + [1, 2]) == .found(length: bytes.count, client: client))
            for length in 0..<bytes.count { #expect(Self.read(Array(bytes.prefix(length))) == .incomplete) }
        }
        #expect(Self.read(Self.binary(0x21, 0x21, Self.six)) == .found(length: 52, client: IPAddress("2001:db8::1")))
        // The proxy speaks for itself, or cannot say.
        for bytes in [Self.binary(0x20, 0, []), Self.binary(0x20, 0x11, Self.four), Self.binary(0x21, 0, [1, 2])] {
            #expect(Self.read(bytes) == .found(length: bytes.count, client: nil))
        }
    }

    @Test func `another binary form is refused`() {
        for bytes in [
            Self.binary(0x11, 0x11, Self.four), Self.binary(0x22, 0x11, Self.four), Self.binary(0x21, 0x12, Self.four),
            Self.binary(0x21, 0x41, Self.four), Self.binary(0x21, 0x11, Array(Self.four.dropLast())),
            Self.binary(0x21, 0x21, Self.four), Self.binary(0x21, 0x11, [], length: 4_081), [13, 10, 13, 11],
        ] { #expect(Self.read(bytes) == .malformed, "\(bytes)") }
    }

    @Test func `garbage is never more than refused`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes =
                Bool.random() ? Self.binary(0x21, 0x11, Self.four) : Array("PROXY TCP4 1.1.1.1 2.2.2.2 1 1\r\n".utf8)
            for _ in 0..<2 { bytes[.random(in: 0..<bytes.count)] = .random(in: 0...255, using: &random) }
            if case .found(let length, _) = Self.read(bytes) { #expect(length <= bytes.count) }
        }
    }
}

@Suite struct ForwardedTests {
    static let trusting: ProxySettings = {
        var settings = ProxySettings()
        settings.forwardedFrom = [AddressRange("10.0.0.0/8")!]
        return settings
    }()
    static let appending: ProxySettings = {
        var settings = ProxySettings()
        settings.forwarded = .append
        return settings
    }()

    static func forwarding(
        _ fields: String, peer: String = "10.0.0.1", _ settings: ProxySettings = trusting, isSecure: Bool = false
    ) throws -> (client: String, lines: String, host: String?) {
        var scanner = RequestScanner(HeadLimits())
        let bytes = Array("GET / HTTP/1.1\r\nhost: h\r\n\(fields)\r\n".utf8)
        return try bytes.withUnsafeBytes { bytes in
            guard try scanner.scan(bytes) else { throw CancellationError() }
            let origin = Forwarding(of: IPAddress(peer), isSecure: isSecure)
            let forwarding = Forwarding(scanner.head, bytes, from: origin, settings)
            let output = OutputBuffer()
            forwarding.append(to: output)
            let lines = output.bytes.text
            return (forwarding.client, lines, forwarding.host.map { String(decoding: $0, as: UTF8.self) })
        }
    }

    static func lines(_ chain: String, _ scheme: String = "http") -> String {
        "x-forwarded-for: \(chain)\r\nx-forwarded-proto: \(scheme)\r\n"
    }

    @Test func `what a stranger says is dropped`() throws {
        for settings in [Self.trusting, ProxySettings()] {
            let said = try Self.forwarding(
                "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n", peer: "192.0.2.9",
                settings)
            #expect(said == ("192.0.2.9", Self.lines("192.0.2.9"), nil))
        }
    }

    @Test func `where so configured it is kept, and still not believed`() throws {
        let said = try Self.forwarding(
            "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n", peer: "192.0.2.9",
            Self.appending)
        #expect(said == ("192.0.2.9", Self.lines("1.1.1.1, 192.0.2.9"), nil))
    }

    @Test(arguments: [
        ("X-Forwarded-For: 1.1.1.1\r\n", "1.1.1.1", "1.1.1.1, 10.0.0.1"),
        // The last that is not believed is the client, whatever it claims itself.
        ("X-Forwarded-For: 9.9.9.9, 1.1.1.1, 10.2.3.4\r\n", "1.1.1.1", "9.9.9.9, 1.1.1.1, 10.2.3.4, 10.0.0.1"),
        ("X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 1.1.1.1\r\n", "1.1.1.1", "9.9.9.9, 1.1.1.1, 10.0.0.1"),
        ("X-Forwarded-For: 1.1.1.1, unknown\r\n", "10.0.0.1", "1.1.1.1, unknown, 10.0.0.1"),
        ("X-Forwarded-For: 1.1.1.1:8080, 10.1.1.1\r\n", "1.1.1.1", "1.1.1.1:8080, 10.1.1.1, 10.0.0.1"),
        ("X-Forwarded-For: [2001:db8::1]:80\r\n", "2001:db8::1", "[2001:db8::1]:80, 10.0.0.1"),
        ("X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1", "2001:db8::1, 10.0.0.1"),
        ("X-Forwarded-For: a b, <x>, \r\n", "10.0.0.1", "10.0.0.1"), ("", "10.0.0.1", "10.0.0.1"),
        ("X-Forwarded-For: 10.1.1.1, 10.2.2.2\r\n", "10.1.1.1", "10.1.1.1, 10.2.2.2, 10.0.0.1"),
        ("Forwarded: for=1.1.1.1;proto=http, for=10.1.1.1\r\n", "1.1.1.1", "1.1.1.1, 10.1.1.1, 10.0.0.1"),
        ("Forwarded: For=\"[2001:db8::1]:4711\"\r\n", "2001:db8::1", "[2001:db8::1]:4711, 10.0.0.1"),
        ("Forwarded: for=_hidden, for=unknown\r\n", "10.0.0.1", "_hidden, unknown, 10.0.0.1"),
        ("Forwarded: for=1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n", "1.1.1.1", "1.1.1.1, 10.0.0.1"),
        ("Forwarded: ;;=;for=;\"\r\n", "10.0.0.1", "10.0.0.1"),
    ])
    func `a believed proxy tells who the client is`(fields: String, client: String, chain: String) throws {
        let said = try Self.forwarding(fields)
        #expect(said.client == client && said.lines == Self.lines(chain))
    }

    @Test(arguments: [
        ("X-Forwarded-Proto: https\r\nX-Forwarded-Host: a.test:1\r\n", "https", "a.test:1"),
        ("X-Forwarded-Proto: HTTPS\r\n", "https", nil),
        ("X-Forwarded-Proto: gopher\r\nX-Forwarded-Host: a/b\r\n", "http", nil),
        ("Forwarded: for=1.1.1.1;proto=https;host=b.test\r\n", "https", "b.test"),
    ])
    func `a believed proxy tells how and for which host`(fields: String, scheme: String, host: String?) throws {
        let said = try Self.forwarding(fields)
        #expect(said.lines.hasSuffix("x-forwarded-proto: \(scheme)\r\n") && said.host == host)
    }

    @Test func `an encrypted connection is said to be one`() throws {
        #expect(try Self.forwarding("", isSecure: true).lines == Self.lines("10.0.0.1", "https"))
    }

    @Test func `of a chain without end the last hops count`() throws {
        let hops = (0..<500).map { "10.0.\($0 / 250).\($0 % 250)" }
        let said = try Self.forwarding("X-Forwarded-For: \(hops.joined(separator: ","))\r\n")
        #expect(said.lines == Self.lines((hops.suffix(Forwarding.hopsMax) + ["10.0.0.1"]).joined(separator: ", ")))
    }
}

@Suite struct ProxyConnectionTests {
    func stage() throws -> Stage {
        let stage = try Stage()
        stage.supervisor.proxies.protocolFrom = [AddressRange("127.0.0.0/8")!]
        return stage
    }

    @Test func `the client's address comes from the proxy`() throws {
        let stage = try stage()
        let instance = try stage.instance()
        try stage.start()
        var head = ""
        instance.answer {
            head = $0
            return "x"
        }
        let peer = try stage.client()
        peer.say("PROXY TCP4 192.0.2.1 10.0.0.1 5 6\r\n" + Stage.get())
        #expect(try stage.answer(peer).status == 200)
        #expect(head.contains("\r\nx-forwarded-for: 192.0.2.1\r\n"))
    }

    @Test func `it may come byte by byte, and before TLS`() throws {
        let certificate = try TestCertificate(["a.test"])
        let stage = try stage()
        stage.supervisor.tls.certificates = [.init(certificate)]
        let instance = try stage.instance()
        try stage.start()
        var head = ""
        instance.answer {
            head = $0
            return "hello"
        }
        let peer = try Peer(port: stage.securePort, on: stage.loop)
        for byte in ProxyHeaderTests.binary(0x21, 0x21, ProxyHeaderTests.six) {
            peer.say([byte])
            try stage.loop.turn(wait: .milliseconds(1))
        }
        let client = TLSPeer(peer)
        client.say(Stage.get())
        try stage.until {
            client.say("")
            return client.client.text.hasSuffix("hello")
        }
        #expect(head.contains("\r\nx-forwarded-for: 2001:db8::1\r\nx-forwarded-proto: https\r\n"))
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "PROXY TCP4 x\r\n", "\r\n\r\nGET"])
    func `a connection without it is closed`(text: String) throws {
        let stage = try stage()
        try stage.start()
        let peer = try stage.client()
        peer.say(text)
        try stage.until { peer.hasEnded && stage.front.connectionCount == 0 }
        #expect(peer.received.isEmpty)
    }

    @Test func `half of it is cut off in time`() throws {
        let stage = try Stage { $0.headTimeout = .milliseconds(50) }
        stage.supervisor.proxies.protocolFrom = [AddressRange("127.0.0.1")!]
        try stage.start()
        let peer = try stage.client()
        peer.say("PROXY TCP4 192.0.2.1")
        try stage.until { peer.hasEnded && stage.front.connectionCount == 0 }
    }

    @Test func `from elsewhere it is a malformed request`() throws {
        let stage = try Stage()
        stage.supervisor.proxies.protocolFrom = [AddressRange("10.0.0.0/8")!]
        try stage.start()
        let peer = try stage.client()
        peer.say("PROXY TCP4 192.0.2.1 10.0.0.1 5 6\r\n" + Stage.get())
        let answer = try stage.answer(peer)
        #expect(answer.status == 400 && answer.code == "request.line_malformed")
    }
}
