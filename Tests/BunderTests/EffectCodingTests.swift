import KeyValues
import Testing

@Suite struct EffectCodingTests {
    private static let effects: [Effect] = [
        .set(key: [1, 2], .string([3]), expiry: nil), .set(key: [], .string([]), expiry: -5),
        .delete(key: [0]), .expire(key: [9], at: .max), .expire(key: [9], at: nil), .clear,
    ]

    @Test func `any cut of the bytes is refused or ends between two effects`() throws {
        var bytes: [UInt8] = []
        var ends: [Int] = [0]
        for effect in Self.effects {
            EffectCoding.append(effect, to: &bytes)
            ends.append(bytes.count)
        }
        for length in 0...bytes.count {
            var decoded: [Effect] = []
            let cut = Array(bytes[..<length])
            let isWhole = cut.withUnsafeBytes { bytes in
                (try? EffectCoding.decode(bytes) { decoded.append($0) }) != nil
            }
            #expect(isWhole == ends.contains(length), "\(length)")
            #expect(decoded == Array(Self.effects.prefix(ends.filter { $0 <= length }.count - 1)))
        }
    }

    @Test func `an unknown tag is refused`() {
        let bytes: [UInt8] = [99]
        #expect(throws: EffectCoding.Malformed.self) {
            try bytes.withUnsafeBytes { bytes in try EffectCoding.decode(bytes) { _ in } }
        }
    }
}
