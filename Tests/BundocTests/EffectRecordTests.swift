import Documents
import Testing

@Suite struct EffectRecordTests {
    static let record = EffectRecord(
        time: 1_700_000_000_000, first: Revision(300), request: "r-1",
        effects: [
            .createCollection(CollectionNumber(200), name: "ä"),
            .put(CollectionNumber(200), id: "k", document: [1, 2, 3]),
            .delete(CollectionNumber(1), id: "old"), .dropCollection(CollectionNumber(.max)),
            .put(CollectionNumber(2), id: "long", document: [UInt8](repeating: 7, count: 1_000)),
        ])

    @Test func `comes back as it was written`() throws {
        #expect(try EffectRecord(decoding: Self.record.encoded()) == Self.record)
        #expect(Self.record.last == Revision(304))
    }

    /// The form is a promise to logs that exist: these bytes must never need to change.
    @Test func `has the form that its documentation says`() {
        let record = EffectRecord(
            time: 258, first: Revision(5), effects: [.put(CollectionNumber(300), id: "k", document: [0x7B, 0x7D])])
        #expect(
            record.encoded() == [
                1, 2, 1, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0xAC, 2, 1, 0x6B, 2, 0x7B, 0x7D,
            ])
    }

    @Test func `refuses what a newer program wrote`() {
        var bytes = Self.record.encoded()
        bytes[0] = 2
        #expect(throws: EffectRecord.Unreadable.version(2)) { try EffectRecord(decoding: bytes) }
    }

    @Test func `refuses every part of itself and anything behind it`() {
        let bytes = Self.record.encoded()
        for count in 0..<bytes.count {
            #expect(throws: EffectRecord.Unreadable.self) { try EffectRecord(decoding: bytes.prefix(count)) }
        }
        #expect(throws: EffectRecord.Unreadable.self) { try EffectRecord(decoding: bytes + [0]) }
    }

    @Test func `never crashes on bytes that are none`() {
        var state: UInt64 = 42
        for _ in 0..<2_000 {
            var bytes = Self.record.encoded()
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % 60] = UInt8(truncatingIfNeeded: state >> 24)
            }
            _ = try? EffectRecord(decoding: bytes)
        }
    }
}
