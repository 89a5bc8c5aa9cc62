/// The name of a kind of process: `bundoc`, `bunder`, `front`, or one from the cluster file.
///
/// 1 to 32 of `a`-`z`, `0`-`9` and `-`, beginning with a letter.
package struct Kind: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let lengthMax = 32

    package let text: String

    /// Nil when the text is not of the form.
    package init?(_ text: some StringProtocol) {
        guard let id = ProjectID(text), id.text.utf8.count <= Self.lengthMax,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(id.text.utf8.first!)
        else { return nil }
        self.text = id.text
    }

    package static let bundoc = Kind("bundoc")!
    package static let bunder = Kind("bunder")!
    package static let front = Kind("front")!
    package static let platform = Kind("platform")!
    package static let alerts = Kind("alerts")!

    package var description: String { text }
    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}
