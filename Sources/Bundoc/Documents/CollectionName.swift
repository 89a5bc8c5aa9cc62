import Nouns

/// The name of a collection: 1 to 200 bytes of UTF-8, in segments parted by `/` where collections are nested
/// (`users/42/posts`).
///
/// A segment is not empty, not `.` or `..`, neither begins nor ends with a space, and holds no control characters and
/// none of `* ? # % [ ] \ "`. The first does not begin with `$`; a later one is not a word that means something behind
/// a collection in a path: `documents`, `indexes`, `rules`, `subscribe`.
package struct CollectionName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let bytesMax = 200
    private static let refused: Set<UInt8> = Set("*?#%[]\\\"".utf8)
    private static let wordsInPaths: Set<String> = ["documents", "indexes", "rules", "subscribe"]

    package let text: String

    /// - Throws: 400 `collection.name_malformed`, with the form.
    package init(_ text: some StringProtocol) throws(Fault) {
        guard Self.isOfForm(String(text)) else {
            throw Fault(
                400, "collection.name_malformed",
                """
                A collection's name has 1 to \(Self.bytesMax) bytes, in segments parted by /; a segment has no control \
                characters, no * ? # % [ ] \\ or quotes and no space at its ends, is not . or .., and behind the first \
                not documents, indexes, rules or subscribe; the first does not begin with $.
                """)
        }
        self.text = String(text)
    }

    private static func isOfForm(_ text: String) -> Bool {
        guard (1...bytesMax).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "$") else { return false }
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            guard !segment.isEmpty, segment != ".", segment != "..",
                index == 0 || !wordsInPaths.contains(String(segment)),
                segment.utf8.first != 0x20, segment.utf8.last != 0x20,
                segment.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && !refused.contains($0) })
            else { return false }
        }
        return true
    }

    package var description: String { text }

    /// By bytes.
    package static func < (a: Self, b: Self) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }
    package static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
    package func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
}
