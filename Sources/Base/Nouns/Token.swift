/// The secret of one listener generation: 128 random bits as 32 lower-case hex digits.
///
/// A request that does not carry it is refused before anything runs. It never appears in argv, environment, logs or
/// error messages; that is why its description is masked.
package struct Token: Hashable, Sendable, CustomStringConvertible {
    package static let length = 32

    package let hex: String

    /// Nil unless exactly 32 lower-case hex digits.
    package init?(_ hex: some StringProtocol) {
        guard Hex.isText(hex, digits: Self.length) else { return nil }
        self.hex = String(hex)
    }

    /// From 16 random bytes.
    package init(random: (UInt64, UInt64)) {
        hex = Self.digits(random.0) + Self.digits(random.1)
    }

    /// Compares in a time that does not depend on where the texts differ.
    package func matches(_ presented: UnsafeRawBufferPointer) -> Bool {
        guard presented.count == Self.length else { return false }
        var difference: UInt8 = 0
        for (own, other) in zip(hex.utf8, presented) { difference |= own ^ other }
        return difference == 0
    }

    package var description: String { "token(hidden)" }

    private static func digits(_ word: UInt64) -> String {
        let text = String(word, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
