/// A host name, or all names one label below one: `api.example.com`, `*.example.com` (RFC 6125 §6.4.3).
///
/// Internationalized names are written in their ASCII form (`xn--…`).
package struct HostPattern: Hashable, Sendable, CustomStringConvertible {
    /// Bytes of a name.
    package static let lengthMax = 253
    /// Bytes between two dots.
    package static let labelMax = 63

    /// Lower-case; of a wildcard what stands behind `*.`.
    package let name: String
    package let isWildcard: Bool

    /// Nil when the text is no host name of letters, digits, `-` and `_`, with `*.` before it or not.
    package init?(_ text: some StringProtocol) {
        let lowercased = text.lowercased()
        isWildcard = lowercased.hasPrefix("*.")
        name = isWildcard ? String(lowercased.dropFirst(2)) : lowercased
        guard Self.isName(name.utf8), !isWildcard || name.utf8.contains(UInt8(ascii: ".")) else { return nil }
    }

    package var description: String { isWildcard ? "*." + name : name }

    private static func isName(_ name: String.UTF8View) -> Bool {
        guard (1...lengthMax).contains(name.count) else { return false }
        return name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...labelMax).contains(label.count) && label.first != UInt8(ascii: "-")
                && label.last != UInt8(ascii: "-") && label.allSatisfy(isLabelByte)
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
