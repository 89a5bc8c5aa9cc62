/// The SHA-256 hash of a secret, by which it is kept and asked for: 64 lower-case hex digits.
package struct SecretHash: Hashable, Sendable, CustomStringConvertible {
    package static let length = 64

    package let hex: String

    /// Nil when the text is not of the form.
    package init?(_ hex: some StringProtocol) {
        guard hex.utf8.count == Self.length,
            hex.utf8.allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return nil }
        self.hex = String(hex)
    }

    /// Nil unless these are 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length / 2 else { return nil }
        let digits = Array("0123456789abcdef".utf8)
        hex = String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    package var description: String { "hash(hidden)" }
}
