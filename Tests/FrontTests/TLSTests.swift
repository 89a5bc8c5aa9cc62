import Contracts
import Foundation
import Glibc
import HTTP2Support
import Linux
import Nouns
import TLSSupport
import Testing

@testable import FrontShell

@Suite struct TLSTests {
    static let certificate = try! TestCertificate(["a.test"])

    func stage(
        _ certificates: [TestCertificate] = [certificate], change: (inout TLSSettings) -> Void = { _ in }
    ) throws -> Stage {
        let stage = try Stage()
        stage.supervisor.tls.certificates = certificates.map { .init($0) }
        change(&stage.supervisor.tls)
        return stage
    }

    @Test func `a request over TLS is served, and the instance is told`() throws {
        let stage = try stage()
        let instance = try stage.instance()
        try stage.start()
        var head = ""
        instance.answer {
            head = $0
            return "hello"
        }
        let peer = try stage.secureClient()
        peer.say(Stage.get())
        try stage.until { peer.client.text.hasSuffix("hello") }
        #expect(peer.client.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(head.contains("\r\nx-forwarded-proto: https\r\n"))
        peer.say(Stage.get("/v1/database/a", "Connection: close\r\n"))
        try stage.until { peer.client.wasToldGoodbye }
        peer.peer.close()
        try stage.until { stage.front.connectionCount == 0 && stage.front.handshakes == 0 }
    }

    @Test func `HTTP 2 is spoken where both can`() throws {
        let stage = try stage()
        let instance = try stage.instance()
        try stage.start()
        instance.answer { _ in "hello" }
        let peer = try stage.secureClient { $0.protocols = ["h2", "http/1.1"] }
        let frames = FrameClient()
        let stream = frames.request(Stage.fields())
        try stage.until { peer.client.isEstablished }
        #expect(peer.client.applicationProtocol == "h2")
        peer.say(frames.takeOutgoing())
        try stage.until {
            frames.receive(peer.client.takeReceived())
            return frames.answers[stream]?.isComplete == true
        }
        #expect(frames.answers[stream]?.text == "hello")
    }

    @Test func `large bodies come whole both ways`() throws {
        let stage = try stage()
        let instance = try stage.instance()
        try stage.start()
        let body = String(repeating: "0123456789", count: 60_000)
        instance.onBytes = { peer in
            guard peer.text.hasSuffix(body) else { return }
            peer.say("HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
            peer.forget()
        }
        let peer = try stage.secureClient()
        peer.say(Stage.post(body))
        try stage.until { peer.client.text.hasSuffix(body) }
    }

    @Test func `a slow reader gets all and costs little memory`() throws {
        let stage = try stage()
        let instance = try stage.instance()
        try stage.start()
        let body = String(repeating: "0123456789", count: 1_000_000)
        instance.answer { _ in body }
        let peer = try stage.secureClient()
        peer.say(Stage.get())
        try stage.until { peer.client.text.contains("\r\n\r\n") }
        peer.peer.isReading = false
        for _ in 0..<50 { try stage.loop.turn(wait: .milliseconds(2)) }
        #expect(stage.front.keptForClients < 400_000)
        peer.peer.isReading = true
        try stage.until { peer.client.received.count > 10_000_000 }
        #expect(peer.client.text.hasSuffix(body))
    }

    @Test func `a handshake that does not end is cut off`() throws {
        let stage = try stage(change: { $0.handshakeTimeout = .milliseconds(50) })
        try stage.start()
        let silent = try Peer(port: stage.securePort, on: stage.loop)
        let half = try Peer(port: stage.securePort, on: stage.loop)
        half.say(Array(TLSClient().takeOutgoing().prefix(50)))
        try stage.until { silent.hasEnded && half.hasEnded }
        #expect(stage.front.handshakes == 0 && stage.front.connectionCount == 0)
    }

    @Test func `as many handshakes as allowed are under way, further ones end`() throws {
        let stage = try stage(change: { $0.handshakesMax = 2 })
        try stage.start()
        let silent = try (0..<2).map { _ in try Peer(port: stage.securePort, on: stage.loop) }
        try stage.until { stage.front.handshakes == 2 }
        let third = try Peer(port: stage.securePort, on: stage.loop)
        try stage.until { third.hasEnded }
        for peer in silent { peer.close() }
        try stage.until { stage.front.handshakes == 0 }
        let next = try stage.secureClient()
        try stage.until { next.client.isEstablished }
    }

    @Test func `garbage ends the connection`() throws {
        let stage = try stage()
        try stage.start()
        let peer = try Peer(port: stage.securePort, on: stage.loop)
        peer.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try stage.until { peer.hasEnded && stage.front.connectionCount == 0 }
        #expect(stage.front.handshakes == 0)
    }

    @Test func `files that the supervisor opened are read, whoever may open them`() throws {
        let stage = try stage()
        stage.supervisor.tls.certificates = [.init(chain: "/not/for/us.pem", key: "/not/for/us.key", hosts: [])]
        stage.supervisor.opened = { _ in
            [Self.certificate.chain, Self.certificate.key].map { (path: String) in
                Descriptor(open(path, O_RDONLY | O_CLOEXEC))
            }
        }
        try stage.start()
        let peer = try stage.secureClient()
        try stage.until { peer.client.isEstablished }
        #expect(peer.client.certificateName == "a.test")
        #expect(stage.front.openedFiles.isEmpty)
    }

    @Test func `a reload shows new certificates and leaves connections alone`() throws {
        let certificate = try TestCertificate(["old.test"])
        let stage = try stage([certificate])
        let instance = try stage.instance()
        try stage.start()
        instance.answer { _ in "still here" }
        let old = try stage.secureClient { $0.name = "old.test" }
        try stage.until { old.client.isEstablished }
        try certificate.renew(["new.test"])
        try stage.reload()
        let new = try stage.secureClient { $0.name = "old.test" }
        try stage.until { new.client.isEstablished }
        #expect((old.client.certificateName, new.client.certificateName) == ("old.test", "new.test"))
        old.say(Stage.get())
        try stage.until { old.client.text.hasSuffix("still here") }
    }

    @Test func `a broken file at a reload changes nothing`() throws {
        let certificate = try TestCertificate(["old.test"])
        let stage = try stage([certificate])
        try stage.start()
        try Data("broken".utf8).write(to: URL(filePath: certificate.chain))
        try stage.reload()
        let peer = try stage.secureClient { $0.name = "old.test" }
        try stage.until { peer.client.isEstablished }
        #expect(peer.client.certificateName == "old.test")
    }

    @Test func `a session is resumed after a reload`() throws {
        let stage = try stage()
        let instance = try stage.instance()
        try stage.start()
        instance.answer { _ in "x" }
        let first = try stage.secureClient()
        first.say(Stage.get())
        try stage.until { first.client.text.hasSuffix("x") }
        let session = first.client.session
        try stage.reload()
        let second = try stage.secureClient { $0.session = session }
        try stage.until { second.client.isEstablished }
        #expect(second.client.isResumed)
    }

    @Test func `a client that drops its connection in the middle leaves nothing behind`() throws {
        let stage = try stage()
        let instance = try stage.instance()
        try stage.start()
        let peer = try stage.secureClient()
        peer.say(Stage.get())
        try stage.until { instance.peers.first?.text.isEmpty == false }
        peer.peer.close()
        // Its end may be that of its side alone: the answer is still tried.
        instance.peers.first?.say("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx")
        try stage.until { stage.front.connectionCount == 0 && stage.front.waitingCount == 0 }
    }

    @Test func `a drain ends connections that rest, and handshakes`() throws {
        let stage = try stage()
        let instance = try stage.instance()
        try stage.start()
        instance.answer { _ in "x" }
        let resting = try stage.secureClient()
        resting.say(Stage.get())
        try stage.until { resting.client.text.hasSuffix("x") }
        let silent = try Peer(port: stage.securePort, on: stage.loop)
        try stage.until { stage.front.handshakes == 1 }
        stage.front.drain()
        try stage.until { resting.client.wasToldGoodbye && silent.hasEnded }
        resting.peer.close()
        try stage.until { stage.front.connectionCount == 0 && stage.front.handshakes == 0 }
    }
}
