import Nouns

/// The SHA-256 hash of a secret, by which it is kept and asked for: 64 lower-case hex digits.
package struct SecretHash: Hashable, Sendable, CustomStringConvertible {
    package static let length = 64

    package let hex: String

    /// Nil when the text is not of the form.
    package init?(_ hex: some StringProtocol) {
        guard Hex.isText(hex, digits: Self.length) else { return nil }
        self.hex = String(hex)
    }

    /// Nil unless these are 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length / 2 else { return nil }
        hex = Hex.text(bytes)
    }

    package var description: String { "hash(hidden)" }
}
