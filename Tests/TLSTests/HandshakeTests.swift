import COpenSSL
import Contracts
import Nouns
import TLS
import TLSSupport
import Testing

@Suite struct HandshakeTests {
    static let a = try! TestCertificate(["a.test"])
    static let wildcard = try! TestCertificate(["*.b.test", "b.test"], algorithm: "rsa")
    static let exact = try! TestCertificate(["x.b.test"])

    @Test(arguments: [(TLS1_3_VERSION, "TLSv1.3"), (TLS1_2_VERSION, "TLSv1.2")])
    func `both versions are spoken`(version: Int32, name: String) throws {
        let line = try Line(TLSContext([Self.a])) { $0.versionMax = version }
        #expect(line.shake() == .done)
        #expect(line.client.isEstablished && line.client.version == name && line.session.version == name)
        line.client.say("hello")
        #expect(line.read() == ("hello", .wait))
        #expect(line.write(Array("there".utf8)) == 5)
        line.carry()
        #expect(line.client.text == "there")
    }

    @Test func `an older version is refused`() throws {
        let line = try Line(TLSContext([Self.a])) {
            ($0.versionMin, $0.versionMax, $0.ciphers) = (TLS1_1_VERSION, TLS1_1_VERSION, "ALL:@SECLEVEL=0")
        }
        #expect(line.shake() == .failed(TLSError("the handshake failed: unsupported protocol")))
        #expect(!line.client.isEstablished && line.client.failure == "tlsv1 alert protocol version")
    }

    @Test func `the operator may demand TLS 1_3`() throws {
        let line = try Line(TLSContext([Self.a]) { $0.minimumVersion = .tls13 }) { $0.versionMax = TLS1_2_VERSION }
        #expect(line.shake() == .failed(TLSError("the handshake failed: unsupported protocol")))
    }

    @Test(arguments: ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES256-GCM-SHA384"])
    func `a cipher without forward secrecy or authentication is refused`(cipher: String) throws {
        let line = try Line(TLSContext([Self.a])) { ($0.versionMax, $0.ciphers) = (TLS1_2_VERSION, cipher) }
        #expect(line.shake() == .failed(TLSError("the handshake failed: no shared cipher")))
    }

    // MARK: Names

    @Test(arguments: [
        ("a.test", "a.test"), ("A.TEST", "a.test"), ("a.test.", "a.test"), ("y.b.test", "*.b.test"),
        ("b.test", "*.b.test"), ("x.b.test", "x.b.test"), ("z.x.b.test", "a.test"), ("other.test", "a.test"),
        (nil, "a.test"),
    ])
    func `the name chooses the certificate`(name: String?, shown: String) throws {
        let line = try Line(TLSContext([Self.a, Self.wildcard, Self.exact])) { $0.name = name }
        #expect(line.shake() == .done)
        #expect(line.client.certificateName == shown)
    }

    @Test func `hosts of the cluster file stand in place of the certificate's own names`() throws {
        let context = try TLSContext([Self.a, Self.exact]) {
            $0.certificates[1].hosts = [HostPattern("named.test")!]
        }
        for (name, shown) in [("named.test", "x.b.test"), ("x.b.test", "a.test")] {
            let line = try Line(context) { $0.name = name }
            #expect(line.shake() == .done && line.client.certificateName == shown)
        }
    }

    @Test(arguments: ["other.test", nil]) func `unknown names are refused where so configured`(name: String?) throws {
        let line = try Line(TLSContext([Self.a]) { $0.fallback = .refuse }) { $0.name = name }
        guard case .failed = line.shake() else { return #expect(Bool(false), "a handshake without a certificate") }
        #expect(line.client.failure == "tlsv1 unrecognized name")
    }

    // MARK: Protocols

    @Test(arguments: [
        (["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"), (["spdy/3", "http/1.1"], "http/1.1"), ([], ""),
    ])
    func `the best protocol that both speak is agreed on`(list: [String], agreed: String) throws {
        let line = try Line(TLSContext([Self.a]), offering: [.http2, .http1]) { $0.protocols = list }
        #expect(line.shake() == .done)
        #expect(line.client.applicationProtocol == agreed)
        #expect((line.session.applicationProtocol?.rawValue ?? "") == agreed)
    }

    @Test func `a client with which no protocol is shared is refused`() throws {
        let line = try Line(TLSContext([Self.a]), offering: [.http2, .http1]) { $0.protocols = ["h3"] }
        line.shake()
        #expect(line.client.failure == "tlsv1 alert no application protocol")
    }

    @Test func `where nothing is offered the client's list is passed over`() throws {
        let line = try Line(TLSContext([Self.a]), offering: []) { $0.protocols = ["h2"] }
        #expect(line.shake() == .done && line.session.applicationProtocol == nil)
    }

    // MARK: Trouble

    @Test func `what is no TLS fails at once`() throws {
        let line = try Line(TLSContext([Self.a]))
        _ = line.client.takeOutgoing()
        line.inject(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(line.session.shake() == .failed(TLSError("the handshake failed: http request")))
        #expect(line.write([1]) == nil && line.read().1 == .failed(TLSError("the connection has failed before")))
    }

    @Test func `a handshake that comes byte by byte is done`() throws {
        let line = try Line(TLSContext([Self.a]))
        line.pieceMax = 1
        #expect(line.shake() == .done)
    }

    @Test func `a handshake that is cut off fails`() throws {
        let line = try Line(TLSContext([Self.a]))
        let hello = line.client.takeOutgoing()
        line.inject(Array(hello[..<50]))
        #expect(line.session.shake() == .wait)
        line.isCut = true
        #expect(line.session.shake() == .failed(TLSError("the client ended the connection during the handshake")))
    }

    @Test func `a handshake waits for the transport's room`() throws {
        let line = try Line(TLSContext([Self.a]))
        line.room = 100
        line.carry()
        #expect(line.session.shake() == .wait && line.session.isWaitingToWrite)
        line.room = .max
        #expect(line.shake() == .done && !line.session.isWaitingToWrite)
    }

    @Test func `renegotiation is refused and the connection goes on`() throws {
        let line = try Line(TLSContext([Self.a])) { $0.versionMax = TLS1_2_VERSION }
        line.shake()
        line.client.renegotiate()
        #expect(line.read().1 == .wait)
        line.carry()
        #expect(line.client.failure == "no renegotiation")
    }
}
