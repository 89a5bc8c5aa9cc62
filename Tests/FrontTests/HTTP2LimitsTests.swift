import Contracts
import FrontShell
import HTTP2Support
import Linux
import Nouns
import TLSSupport
import Telemetry
import Testing

/// What holds for HTTP/1.1 holds for HTTP/2: limits, credentials, trailers, counters.
@Suite struct HTTP2LimitsTests {
    /// More than a byte for each turn of the loop, however fast the machine.
    private static func demand(_ limits: inout FrontLimits) {
        (limits.bodyTimeout, limits.rateMin) = (.milliseconds(100), 1 << 20)
    }

    @Test(arguments: [true, false]) func `fields behind an answer go on to those who take them`(takes: Bool) throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        instance.onBytes = { peer in
            peer.forget()
            peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
            peer.say("X-Sum: 17\r\nContent-Length: 9\r\n\r\n")
        }
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields() + (takes ? [("te", "trailers")] : []))
        let answer = try stage.answer(peer, stream)
        #expect(answer.status == 200 && answer.text == "a" && answer.isComplete)
        #expect(answer["x-sum"] == (takes ? "17" : nil) && answer["content-length"] == nil)
        // The connection is good for more.
        #expect(try stage.answer(peer, peer.request(Stage.fields())).status == 200)
    }

    @Test func `a body that trickles is 408`() throws {
        let stage = try Stage(limits: Self.demand)
        let instance = try stage.instance()
        instance.onBytes = { _ in }
        try stage.start()
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields("POST"), isAll: false)
        try stage.until {
            if !peer[stream].isComplete { peer.body("x", on: stream, isAll: false) }
            return peer[stream].status == 408
        }
        #expect(peer[stream].code == "request.body_timeout")
    }

    @Test func `a client that takes an answer in drops is cut off`() throws {
        let stage = try Stage(limits: Self.demand)
        let body = String(repeating: "x", count: 300_000)
        try stage.instance().answer { _ in body }
        try stage.start()
        let peer = try stage.http2()
        peer.client.takesBodies = false
        let stream = peer.request(Stage.fields())
        try stage.until {
            peer.client.enlargeWindow(stream, by: 1)
            peer.say(Frame(.windowUpdate, stream: 0, Frame.word(1)))
            return peer[stream].reset != nil
        }
        #expect(peer[stream].body.count < body.utf8.count)
    }

    @Test func `a token opens its project`() throws {
        let stage = try Stage()
        stage.platform.answer = { .valid(ticket: $0, TokenTests.grant()) }
        try stage.start()
        var seen = ""
        try stage.instance().answer {
            seen = $0
            return "ok"
        }
        let peer = try stage.http2()
        let fields = FrameClient.pseudo("GET", "/v1/database/a") + [("authorization", "Bearer \(TokenTests.token)")]
        for _ in 0..<2 { #expect(try stage.answer(peer, peer.request(fields)).text == "ok") }
        #expect(seen.contains("\r\nx-bunbase-identity: token:\(TokenTests.id)\r\n") && !seen.contains(TokenTests.token))
        stage.platform.answer = { .unknown(ticket: $0) }
        let other = fields.dropLast() + [("authorization", "Bearer bbt_" + String(repeating: "z", count: 40))]
        #expect(try stage.answer(peer, peer.request(Array(other))).code == "token.unknown")
    }

    @Test func `a request waits for its turn, and is refused when that does not come`() throws {
        let stage = try Stage()
        stage.platform.entries = [
            KeyEntry(
                project: Stage.project, slug: "acme-inc", key: Stage.key,
                limits: .init("requests=1,waiting=1,wait=9000")!)
        ]
        try stage.start()
        let peer = try stage.http2()
        let (first, second) = (peer.request(Stage.fields()), peer.request(Stage.fields()))
        let third = peer.request(Stage.fields())
        #expect(try stage.answer(peer, third).code == "project.requests_too_many")
        #expect(peer[first].status == 0 && peer[second].status == 0)
        let instance = try stage.instance()
        instance.answer { _ in "ok" }
        let ticket = stage.supervisor.heard.compactMap { message -> UInt64? in
            if case .request(let ticket, _, _) = message { ticket } else { nil }
        }.last!
        stage.supervisor.say(.grant(ticket: ticket, instance.endpoint))
        for stream in [first, second] { #expect(try stage.answer(peer, stream).text == "ok") }
    }

    @Test func `answers say how much of a rate is left`() throws {
        let stage = try Stage()
        stage.platform.entries = [
            KeyEntry(project: Stage.project, slug: "acme-inc", key: Stage.key, limits: .init("rate=2,burst=2,wait=1")!)
        ]
        try stage.start()
        try stage.instance().answer { _ in "ok" }
        let peer = try stage.http2()
        let answer = try stage.answer(peer, peer.request(Stage.fields()))
        #expect(answer["ratelimit-policy"] == "\"project\";q=2;w=1")
        #expect(answer["ratelimit"]?.hasPrefix("\"project\";r=1;") == true)
        _ = try stage.answer(peer, peer.request(Stage.fields()))
        let refused = try stage.answer(peer, peer.request(Stage.fields()))
        #expect(refused.status == 429 && refused["retry-after"] != nil)
    }

    @Test func `connections, requests and those taken back are counted`() throws {
        let stage = try Stage()
        let instance = try stage.instance()
        try stage.start()
        let peer = try stage.http2()
        let stream = peer.request(Stage.fields())
        try stage.until { instance.peers.first?.text.isEmpty == false }
        peer.say(Frame(.reset, stream: stream, Frame.word(8)))
        peer.request(Stage.fields())
        try stage.until { stage.front.traffic().http2Streams == 2 && stage.front.traffic().http2Resets == 1 }
        #expect(stage.front.traffic().http2Connections == 1)
    }

    @Test func `handshakes are counted by how they went`() throws {
        let certificate = try TestCertificate(["a.test"])
        let stage = try Stage()
        stage.supervisor.tls.certificates = [.init(certificate)]
        try stage.instance().answer { _ in "ok" }
        try stage.start()
        let first = try stage.secureClient()
        first.say(Stage.get())
        try stage.until { first.client.text.hasSuffix("ok") }
        let session = first.client.session
        let second = try stage.secureClient { $0.session = session }
        try stage.until { second.client.isEstablished }
        let old = try stage.secureClient { $0.versionMax = $0.versionMin }
        try stage.until { old.client.isEstablished }
        let broken = try Peer(port: stage.securePort, on: stage.loop)
        broken.say(Stage.get())
        let gone = try Peer(port: stage.securePort, on: stage.loop)
        try stage.until { stage.front.connectionCount == 4 }
        gone.close()
        try stage.until { stage.front.traffic().handshakesFailed == 2 }
        let traffic = stage.front.traffic()
        #expect(
            traffic.handshakes == [
                Handshake(version: "TLSv1.3", isResumed: false): 1, Handshake(version: "TLSv1.3", isResumed: true): 1,
                Handshake(version: "TLSv1.2", isResumed: false): 1,
            ])
        #expect(traffic.accepted == [.https: 5])
    }
}
