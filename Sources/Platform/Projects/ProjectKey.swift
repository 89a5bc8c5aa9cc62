/// The key by which clients name and open a project: `pk_` and 32 lower-case hex digits.
///
/// Anyone who has it may use the project; it never appears in logs or error messages, so its description is masked.
package struct ProjectKey: Hashable, Sendable, CustomStringConvertible {
    package static let prefix = "pk_"

    package let text: String

    /// From 128 random bits.
    package init(random: (UInt64, UInt64)) {
        text = Self.prefix + Self.digits(random.0) + Self.digits(random.1)
    }

    /// Nil when the text is not of the form.
    package init?(_ text: String) {
        guard text.utf8.count == 35, text.hasPrefix(Self.prefix),
            text.utf8.dropFirst(3).allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return nil }
        self.text = text
    }

    package var description: String { "key(hidden)" }

    private static func digits(_ word: UInt64) -> String {
        let text = String(word, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
