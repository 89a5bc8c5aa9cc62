import Contracts
import Nouns
import Testing

struct KeySnapshotTests {
    static let snapshot = KeySnapshot(
        table: 42,
        entries: [
            KeyEntry(project: ProjectID("p1")!, slug: "acme", key: "pk_1"),
            KeyEntry(project: ProjectID("p2")!, slug: "other", key: "pk_2", limits: .init("rate=5,wait=10")!),
        ])

    @Test func `comes back as it was`() throws {
        #expect(try KeySnapshot(decoding: Self.snapshot.encoded()) == Self.snapshot)
        let empty = KeySnapshot(table: 0, entries: [])
        #expect(try KeySnapshot(decoding: empty.encoded()) == empty)
    }

    @Test func `is text that can be read`() {
        let text = String(decoding: Self.snapshot.encoded(), as: UTF8.self)
        #expect(text.hasPrefix("bunbase-keys 2 42\np1 acme pk_1\np2 other pk_2 rate=5,wait=10\nend 2 "))
    }

    @Test func `one from before projects had limits is still read`() throws {
        let plain = KeySnapshot(table: 1, entries: [KeyEntry(project: ProjectID("p")!, slug: "s", key: "k")])
        // The hash of the same file with a 1 for its version.
        var text = Array("bunbase-keys 1 1\np s k\n".utf8)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        text += "end 1 \(String(repeating: "0", count: 16 - digits.count))\(digits)\n".utf8
        #expect(try KeySnapshot(decoding: text) == plain)
    }

    @Test func `is refused when cut anywhere`() {
        let bytes = Self.snapshot.encoded()
        for count in 0..<bytes.count {
            #expect(throws: KeySnapshot.Malformed.self) { try KeySnapshot(decoding: Array(bytes[..<count])) }
        }
    }

    @Test func `is refused when any byte differs`() {
        let bytes = Self.snapshot.encoded()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: KeySnapshot.Malformed.self, "byte \(index)") { try KeySnapshot(decoding: changed) }
        }
    }
}
