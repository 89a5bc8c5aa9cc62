/// The identity of a project, the unit of tenancy: 1 to 40 of `a`-`z`, `0`-`9` and `-`, first a letter or digit.
///
/// Ids are never used again after a project was deleted.
package struct ProjectID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let lengthMax = 40

    /// The owner of the shared services' instances. Its text is outside the form of a project's id.
    package static let shared = ProjectID(unchecked: "@shared")

    package let text: String

    /// Nil when the text is not of the form.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard (1...Self.lengthMax).contains(bytes.count), let first = bytes.first, first != UInt8(ascii: "-"),
            bytes.allSatisfy({ Self.isAllowed($0) })
        else { return nil }
        self.text = String(text)
    }

    private init(unchecked text: String) { self.text = text }

    package var isShared: Bool { self == .shared }
    package var description: String { text }
    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
