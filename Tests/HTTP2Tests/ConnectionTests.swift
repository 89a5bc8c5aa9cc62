import HTTP
import HTTP2
import HTTP2Support
import Nouns
import Testing

@Suite struct ConnectionTests {
    static let get = FrameClient.pseudo("GET", "/")
    static let calm: UInt32 = 11

    @Test func `the limits are announced`() throws {
        let server = Server {
            ($0.streamsMax, $0.streamWindow, $0.head) = (7, 70_000, HeadLimits(bytesMax: 5_000, fieldsMax: 9))
        }
        server.carry()
        let settings = try #require(server.client.frames.first { $0.isA(.settings) })
        var values: [UInt8: UInt32] = [:]
        for index in stride(from: 0, to: settings.payload.count, by: 6) {
            values[settings.payload[index + 1]] = settings.word(at: index + 2)
        }
        #expect(values == [3: 7, 4: 70_000, 6: 5_000, 9: 1])
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "\0\0\0\0"])
    func `what begins otherwise is over`(text: String) {
        let server = Server(FrameClient(hasPreface: false))
        _ = server.client.takeOutgoing()
        server.client.say(raw: Array(text.utf8) + [UInt8](repeating: 0, count: 40))
        server.carry()
        #expect(server.session.isOver && server.arrivals.isEmpty)
    }

    @Test func `more requests than allowed are refused and can be sent again`() {
        let server = Server { $0.streamsMax = 3 }
        // The client has not read the limit yet.
        server.client.isPolite = false
        let streams = (0..<5).map { _ in server.client.request(Self.get) }
        server.carry()
        #expect(server.arrivals.count == 3)
        #expect(streams.map { server[$0].reset } == [nil, nil, nil, 7, 7])
        server.arrivals[0].answer(200)
        server.carry()
        server.ask(Self.get)
        #expect(server.arrivals.count == 4)
    }

    @Test func `more requests than allowed from a client that knows end the connection`() {
        let server = Server { $0.streamsMax = 3 }
        server.carry()
        for _ in 0..<4 { server.client.request(Self.get) }
        server.carry()
        #expect(server.arrivals.count == 3 && server.client.goAways.map(\.code) == [1])
    }

    // MARK: Floods

    @Test func `taking requests back without end ends the connection`() {
        let server = Server { $0.resets = .init(burst: 10, perSecond: 1) }
        for _ in 0..<10 {
            server.client.reset(server.client.request(Self.get))
            server.carry()
        }
        #expect(server.client.goAways.isEmpty && server.arrivals.count == 10)
        server.client.reset(server.client.request(Self.get))
        server.carry()
        #expect(server.client.goAways.map(\.code) == [Self.calm] && server.session.isOver)
        server.ask(Self.get)
        #expect(server.arrivals.count == 11)
    }

    @Test func `taking requests back now and then does not`() {
        let server = Server { $0.resets = .init(burst: 10, perSecond: 1) }
        for second in 0..<100 {
            server.now = .zero + .seconds(second)
            server.client.reset(server.client.request(Self.get))
            server.carry()
        }
        #expect(server.client.goAways.isEmpty && server.arrivals.count == 100)
    }

    @Test func `having streams ended by breaking rules counts too`() {
        let server = Server { $0.resets = .init(burst: 10, perSecond: 1) }
        for _ in 0..<11 { server.ask(Self.get + [("connection", "close")]) }
        #expect(server.client.goAways.map(\.code) == [Self.calm])
    }

    @Test(arguments: [
        Frame(.ping, [0, 1, 2, 3, 4, 5, 6, 7]), Frame(.settings), Frame(.priority, stream: 1, [0, 0, 0, 0, 9]),
        Frame(.data, stream: 1),
    ])
    func `frames that ask for work without end end the connection`(frame: Frame) {
        let server = Server { $0.controlFrames = .init(burst: 100, perSecond: 10) }
        server.ask(FrameClient.pseudo("POST", "/"), isAll: false)
        for _ in 0..<90 { server.client.say(frame) }
        server.carry()
        #expect(server.client.goAways.isEmpty)
        for _ in 0..<20 { server.client.say(frame) }
        server.carry()
        #expect(server.client.goAways.map(\.code) == [Self.calm] && server.session.isOver)
    }

    @Test func `answers to pings that are never read end the connection`() {
        let server = Server { $0.controlFrames = .init(burst: 100_000, perSecond: 10) }
        server.carry()
        for _ in 0..<1_000 { server.client.say(Frame(.ping, [0, 1, 2, 3, 4, 5, 6, 7])) }
        server.client.takeOutgoing().withUnsafeBytes { server.session.receive($0, at: .zero) }
        #expect(server.session.isOver)
    }

    @Test func `fields that go on and on end the connection`() {
        let server = Server()
        server.carry()
        server.client.say(Frame(.headers, flags: Frame.endStream, stream: 1, Frame.fields(Self.get)))
        for index in 0..<20 { server.client.say(Frame(.continuation, stream: 1, Frame.fields([("x\(index)", "y")]))) }
        server.carry()
        #expect(server.session.isOver && server.arrivals.isEmpty)
    }

    @Test func `fields that grow when they are unpacked are not kept`() {
        let server = Server()
        // One entry of the table that is named again and again (RFC 7541 §6.1): 4,000 bytes for each byte.
        let bomb = [0x40] + Array(Frame.fields([("x", String(repeating: "y", count: 3_900))]).dropFirst())
        let block = Frame.fields(Self.get) + bomb + [UInt8](repeating: 0xBE, count: 10_000)
        server.client.say(Frame(.headers, flags: Frame.endHeaders | Frame.endStream, stream: 1, block))
        server.carry()
        #expect(server.refusals.map(\.code) == ["request.head_too_long"] && server[1].status == 431)
    }

    @Test(arguments: [
        Frame(.data, stream: 0, [1]), Frame(.headers, flags: 4, stream: 2, Frame.fields(get)),
        Frame(.headers, flags: 4, stream: 0, Frame.fields(get)), Frame(.headers, flags: 4, stream: 1, [0xFF, 0xFF]),
        Frame(.settings, [1]), Frame(.ping, [1]), Frame(.windowUpdate, Frame.word(0)), Frame(.push, stream: 1, [0]),
        Frame(.continuation, stream: 1, []), Frame(.reset, stream: 5, Frame.word(8)), Frame(.goAway, [1]),
        Frame(.settings, [0, 4] + Frame.word(.max)), Frame(.settings, [0, 5] + Frame.word(1)),
    ])
    func `a frame that may not be ends the connection with a reason`(frame: Frame) {
        let server = Server()
        server.client.say(frame)
        server.carry()
        #expect(server.session.isOver && server.client.goAways.count == 1 && server.client.goAways[0].code != 0)
    }

    // MARK: Ending

    @Test func `a drain lets what is under way finish`() {
        let server = Server()
        server.client.isPolite = false
        let before = server.ask(Self.get)
        server.session.drain()
        server.carry()
        #expect(server.client.goAways.map(\.last) == [0x7FFF_FFFF] && !server.session.isOver)
        let late = server.ask(Self.get)
        #expect(server.arrivals.count == 2)
        let ping = server.client.frames.first { $0.isA(.ping) }!
        server.client.say(Frame(.ping, flags: Frame.acknowledged, ping.payload))
        server.carry()
        #expect(server.client.goAways.map(\.last) == [0x7FFF_FFFF, late])
        server.ask(Self.get)
        #expect(server.arrivals.count == 2)
        for arrival in server.arrivals { arrival.answer(200, "done") }
        server.carry()
        #expect(server[before].text == "done" && server[late].text == "done" && server.session.isOver)
    }

    @Test func `a drain without streams is over at once`() {
        let server = Server()
        server.carry()
        server.session.drain()
        server.carry()
        #expect(server.session.isOver && server.client.goAways.last?.code == 0)
    }

    @Test func `a connection that is gone takes its streams along`() {
        let server = Server()
        server.ask(Self.get)
        server.ask(Self.get)
        server.session.abandon()
        #expect(server.arrivals.allSatisfy(\.isClosed) && server.session.streamCount == 0)
        server.arrivals[0].answer(200, "nobody")
    }

    @Test func `garbage neither crashes nor spins`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let server = Server()
            server.onRequest = { $0.answer(200, "x") }
            var bytes = server.client.takeOutgoing()
            for _ in 0..<4 {
                let block = Frame.fields(Self.get) + (0..<4).map { _ in .random(in: 0...255, using: &random) }
                bytes += Frame(.headers, flags: 5, stream: .random(in: 0...4), block).bytes
                bytes += (0..<20).map { _ in .random(in: 0...12, using: &random) }
            }
            for _ in 0..<3 { bytes[.random(in: 24..<bytes.count)] ^= .random(in: 0...255) }
            bytes.withUnsafeBytes { server.session.receive($0, at: .zero) }
            server.session.fill(OutputBuffer(), max: 1 << 20)
            server.session.abandon()
        }
    }
}
