import Contracts
import Nouns
import Support
import Testing

struct MessageTests {
    @Test func `reads back what it wrote, body included`() throws {
        var message = Message("handoff", body: [0, 10, 255])
        message.set("TOKEN", "abc")
        message.set("EMPTY", "")
        message.set("ABSENT", String?.none)
        #expect(try Message(decoding: message.encoded()) == message)
        #expect(message["ABSENT"] == nil)
    }

    @Test func `a newline in a value cannot begin another field`() throws {
        var message = Message("refuse")
        message.set("MESSAGE", "first\nTOKEN=stolen")
        let read = try Message(decoding: message.encoded())
        #expect(read["TOKEN"] == nil)
        #expect(read["MESSAGE"] == "first TOKEN=stolen")
    }

    @Test(arguments: [
        "", "\n", "TYPE=a", "NOTYPE=a\n", "TYPE=a\nB\n", "TYPE=a\n=b\n", "TYPE=a\nlower=b\n",
        "TYPE=a\nB=\u{0}\n",
    ])
    func `refuses what is not of the form`(text: String) {
        #expect(throws: Message.Malformed.self) { try Message(decoding: Array(text.utf8)) }
    }

    @Test func `refuses values that are not UTF-8`() {
        #expect(throws: Message.Malformed.self) {
            try Message(decoding: Array("TYPE=a\nB=".utf8) + [0xff, 10])
        }
    }

    @Test func `refuses more fields and bytes than its limits`() {
        var message = Message("a")
        for index in 0..<Message.fieldsMax { message.set("K\(index)", index) }
        #expect(throws: Message.Malformed.self) { try Message(decoding: message.encoded()) }
        let long = Message("a", body: Array(repeating: 7, count: Message.bytesMax))
        #expect(throws: Message.Malformed.self) { try Message(decoding: long.encoded()) }
    }

    @Test func `survives any bytes`() {
        var random = SplitMix64(seed: 1)
        let good = Array("TYPE=grant\nTICKET=1\nINSTANCE=a/bundoc\n\nbody".utf8)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0...Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            _ = try? Message(decoding: bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
        }
    }
}
