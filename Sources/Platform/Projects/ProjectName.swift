import Nouns

/// What people call a project. Names may repeat.
package struct ProjectName: Hashable, Sendable, CustomStringConvertible {
    package static let lengthMax = 100
    package static let form = "A name is a text of 1 to \(lengthMax) characters, not blank, without control characters."

    package let text: String

    /// Without white space at both ends; nil when the rest is not of the form.
    package init?(_ text: String) {
        let isSpace = { (character: Character) in character.isWhitespace }
        let start = text.drop(while: isSpace)
        let trimmed = String(start.reversed().drop(while: isSpace).reversed())
        guard (1...Self.lengthMax).contains(trimmed.count), trimmed.utf8.count <= 4 * Self.lengthMax,
            !trimmed.unicodeScalars.contains(where: Self.isControl)
        else { return nil }
        self.text = trimmed
    }

    package var description: String { text }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}
