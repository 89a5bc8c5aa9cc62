/// An operator's token as its owner has it: `bbt_` and 40 lower-case hex digits of 160 random bits. Shown once, when it
/// is made; only its SHA-256 hash is kept. So much chance needs no salt and no slow hash: it cannot be guessed from it.
package struct TokenSecret: Sendable, CustomStringConvertible {
    package let text: String

    package init(random: (UInt64, UInt64, UInt64)) {
        text = "bbt_" + Self.digits(random.0 & 0xFFFF_FFFF, 8) + Self.digits(random.1, 16) + Self.digits(random.2, 16)
    }

    package var description: String { "operator token(hidden)" }

    private static func digits(_ word: UInt64, _ count: Int) -> String {
        let text = String(word, radix: 16)
        return String(repeating: "0", count: count - text.utf8.count) + text
    }
}
