import Nouns

/// The id of a document in its collection: 1 to 128 bytes of UTF-8 without control characters and `/`, not `.` or `..`.
package struct DocumentID: Hashable, Sendable, CustomStringConvertible {
    package static let bytesMax = 128
    /// The member of a document that holds its id.
    package static let member = "_id"

    package let text: String

    /// - Throws: 400 `document.id_malformed`, with the form.
    package init(_ text: some StringProtocol) throws(Fault) {
        guard (1...Self.bytesMax).contains(text.utf8.count), text != ".", text != "..",
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") })
        else { throw Self.malformed }
        self.text = String(text)
    }

    /// One that a generator made.
    init(generated text: String) { self.text = text }

    static let malformed = Fault(
        400, "document.id_malformed",
        "A document's id is a string of 1 to \(bytesMax) bytes without control characters and /, not . or ...")

    package var description: String { text }
    package static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
    package func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
}
