import Contracts
import Nouns
import Testing

struct KeySnapshotTests {
    static let snapshot = KeySnapshot(
        table: 42,
        entries: [
            KeyEntry(project: ProjectID("p1")!, slug: "acme", key: "pk_1"),
            KeyEntry(project: ProjectID("p2")!, slug: "other", key: "pk_2"),
        ])

    @Test func `comes back as it was`() throws {
        #expect(try KeySnapshot(decoding: Self.snapshot.encoded()) == Self.snapshot)
        let empty = KeySnapshot(table: 0, entries: [])
        #expect(try KeySnapshot(decoding: empty.encoded()) == empty)
    }

    @Test func `is text that can be read`() {
        let text = String(decoding: Self.snapshot.encoded(), as: UTF8.self)
        #expect(text.hasPrefix("bunbase-keys 1 42\np1 acme pk_1\np2 other pk_2\nend 2 "))
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
