import Nouns

/// A project's short name for paths and commands: `a`-`z`, `0`-`9` and `-`. No two projects have the same.
package struct Slug: Hashable, Sendable, CustomStringConvertible {
    /// What a name without a usable byte becomes.
    package static let fallback = "project"

    package let text: String

    /// From a project's name: lower-case, space and `_` become `-`, everything else outside the form is left out.
    package init(_ name: ProjectName) {
        var bytes: [UInt8] = []
        for byte in name.text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): bytes.append(byte + 32)
            case UInt8(ascii: " "), UInt8(ascii: "_"): bytes.append(UInt8(ascii: "-"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                bytes.append(byte)
            default: break
            }
        }
        text = bytes.isEmpty ? Self.fallback : String(decoding: bytes, as: UTF8.self)
    }

    /// The same, told apart from an equal one by 32 random bits as 8 hex digits.
    package init(_ name: ProjectName, distinguishedBy random: UInt32) {
        let digits = String(random, radix: 16)
        text = Slug(name).text + "-" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    /// As the registry keeps it; nil when not of the form.
    package init?(stored text: String) {
        let isOfForm = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard isOfForm, !text.isEmpty else { return nil }
        self.text = text
    }

    package var description: String { text }
}
