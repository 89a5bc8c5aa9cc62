import COpenSSL
import TLS
import TLSSupport
import Testing

@Suite struct TransferTests {
    let context = try! TLSContext([HandshakeTests.a])

    func established() throws -> Line {
        let line = try Line(context)
        try #require(line.shake() == .done)
        return line
    }

    @Test func `more than a record comes whole`() throws {
        let line = try established()
        let text = String(repeating: "0123456789", count: 20_000)
        line.client.say(text)
        #expect(line.read() == (text, .wait))
    }

    @Test func `a small buffer loses nothing`() throws {
        let line = try established()
        line.client.say("a long word")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
        defer { buffer.deallocate() }
        line.carry()
        #expect(line.session.read(into: buffer) == .bytes(4) && line.session.hasPending)
        #expect(line.read() == ("ng word", .wait) && !line.session.hasPending)
    }

    @Test func `the transport is not asked again for what has come whole`() throws {
        let line = try established()
        _ = line.read()
        line.client.say("one")
        line.carry()
        let before = line.receptions
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { buffer.deallocate() }
        #expect(line.session.read(into: buffer) == .bytes(3))
        #expect(line.receptions == before + 1)
    }

    @Test func `a full transport takes part, and the rest when there is room`() throws {
        let line = try established()
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        line.room = 30_000
        let first = try #require(line.write(bytes))
        #expect(first > 0 && first < bytes.count && line.session.isWaitingToWrite)
        line.room = .max
        #expect(line.write(Array(bytes[first...])) == bytes.count - first)
        line.carry()
        #expect(line.client.received == bytes)
    }

    @Test func `what is offered again may lie elsewhere and be longer`() throws {
        let line = try established()
        line.room = 0
        #expect(line.write(Array("one".utf8)) == 0)
        line.room = .max
        #expect(line.write(Array("one and two".utf8)) == 11)
        line.carry()
        #expect(line.client.text == "one and two")
    }

    @Test func `a goodbye ends reading, and ours reaches the client`() throws {
        let line = try established()
        line.client.say("last words")
        line.client.sayGoodbye()
        #expect(line.read() == ("last words", .end))
        #expect(line.write(Array("answer".utf8)) == 6)
        line.session.sayGoodbye()
        line.session.sayGoodbye()
        line.carry()
        #expect(line.client.text == "answer")
        line.client.receive([])
        #expect(line.client.failure == nil)
    }

    @Test func `our goodbye is understood as such`() throws {
        let line = try established()
        line.session.sayGoodbye()
        line.carry()
        #expect(line.client.wasToldGoodbye)
    }

    @Test func `an end without a goodbye is an end`() throws {
        let line = try established()
        line.client.say("cut")
        line.carry()
        line.isCut = true
        #expect(line.read() == ("cut", .end))
        line.session.sayGoodbye()
    }

    @Test func `a record that was changed on its way fails`() throws {
        let line = try established()
        line.client.say("secret")
        var bytes = line.client.takeOutgoing()
        bytes[bytes.count - 1] ^= 1
        line.inject(bytes)
        let reading = line.read()
        #expect(reading.text == "")
        #expect(reading.1 == .failed(TLSError("the connection failed: decryption failed or bad record mac")))
    }

    @Test func `the client may ask for new keys in the middle`() throws {
        let line = try established()
        line.client.updateKeys()
        line.client.say("with new keys")
        #expect(line.read() == ("with new keys", .wait))
        #expect(line.write(Array("so be it".utf8)) == 8)
        line.carry()
        #expect(line.client.text == "so be it")
    }

    @Test func `garbage of any kind neither crashes nor spins`() throws {
        var random = SystemRandomNumberGenerator()
        for round in 0..<300 {
            let line = try Line(context)
            var bytes = line.client.takeOutgoing()
            if round.isMultiple(of: 2) {
                for _ in 0...(round / 20) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255)
                }
            } else {
                bytes = (0..<Int.random(in: 0...600, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            }
            line.inject(bytes)
            for _ in 0..<4 { _ = line.session.shake() }
            line.isCut = true
            _ = line.session.shake()
            #expect(!line.session.isEstablished)
            #expect(line.receptions < 20)
        }
    }
}
