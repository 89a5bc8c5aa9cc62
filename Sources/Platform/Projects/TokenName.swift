/// What operators call a token, for themselves: 1 to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or
/// digit. No two tokens have the same, and none has the form of a token's id.
package struct TokenName: Hashable, Sendable, CustomStringConvertible {
    package static let lengthMax = 64
    package static let form =
        "A token's name has 1 to \(lengthMax) letters, digits, -, _ and ., begins with a letter or digit, and not with "
        + "tok_."

    package let text: String

    /// Nil when the text is not of the form.
    package init?(_ text: String) {
        guard (1...Self.lengthMax).contains(text.utf8.count), let first = text.utf8.first, Self.isWord(first),
            text.utf8.allSatisfy({ Self.isWord($0) || "-_.".utf8.contains($0) }), !text.hasPrefix("tok_")
        else { return nil }
        self.text = text
    }

    package var description: String { text }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
