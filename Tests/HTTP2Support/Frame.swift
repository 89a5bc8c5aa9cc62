/// One frame of HTTP/2 (RFC 9113 §4.1), of any kind and with any mistake in it.
package struct Frame: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        case data, headers, priority, reset, settings, push, ping, goAway, windowUpdate, continuation
    }

    package static let endStream: UInt8 = 1
    package static let acknowledged: UInt8 = 1
    package static let endHeaders: UInt8 = 4

    package var kind: UInt8
    package var flags: UInt8
    package var stream: UInt32
    package var payload: [UInt8]

    package init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        (self.kind, self.flags, self.stream, self.payload) = (kind.rawValue, flags, stream, payload)
    }

    package func isA(_ kind: Kind) -> Bool { self.kind == kind.rawValue }

    package var bytes: [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), kind, flags]
            + Self.word(stream) + payload
    }

    /// The first frame in the bytes and how long it is; nil when it is not whole.
    package init?(_ bytes: ArraySlice<UInt8>) {
        let at = { (index: Int) in Int(bytes[bytes.startIndex + index]) }
        guard bytes.count >= 9 else { return nil }
        let length = at(0) << 16 | at(1) << 8 | at(2)
        guard bytes.count >= 9 + length else { return nil }
        (kind, flags) = (UInt8(at(3)), UInt8(at(4)))
        stream = UInt32(at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8))
        payload = Array(bytes.dropFirst(9).prefix(length))
    }

    package static func word(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    /// The word at an offset of the payload.
    package func word(at offset: Int) -> UInt32 {
        payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Fields as literals that are not indexed and not compressed (RFC 7541 §6.2.3).
    package static func fields(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0x10] + text($0.0) + text($0.1) }
    }

    private static func text(_ text: String) -> [UInt8] {
        // Bytes below U+0100 stand for themselves, so that a test can say any byte.
        let bytes = text.unicodeScalars.map { UInt8($0.value) }
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var length: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            length.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }
}
