/// Which hosts a route is for, by the name in a request's `Host` (RFC 9110 §7.2), whatever its port.
///
/// A name is 1 to 253 bytes of labels with a dot between them, each 1 to 63 of `a`-`z`, `0`-`9` and `-`, `-` neither
/// first nor last. A placeholder stands for exactly one label, as `*` does in certificates (RFC 9525 §6.3).
package enum RouteHost: Hashable, Sendable, CustomStringConvertible {
    /// This name: `api.example.org`.
    case exact(String)
    /// A project's slug or id before this name: `{project}.functions.example.org`.
    case project(under: String)
    /// Any one label before this name: `*.example.org`.
    case any(under: String)

    package static let lengthMax = 253
    package static let form =
        "a host name in lower case like api.example.org, {project}.functions.example.org or *.example.org, without port"

    /// Nil when the text is not of the form.
    package init?(_ text: some StringProtocol) {
        let (projectMark, anyMark) = ("{project}.", "*.")
        if text.hasPrefix(projectMark) {
            self = .project(under: String(text.dropFirst(projectMark.count)))
        } else if text.hasPrefix(anyMark) {
            self = .any(under: String(text.dropFirst(anyMark.count)))
        } else {
            self = .exact(String(text))
        }
        // The longest label must still fit before it.
        let room = if case .exact = self { Self.lengthMax } else { Self.lengthMax - 64 }
        guard Self.isName(name), name.utf8.count <= room else { return nil }
    }

    /// The name without its placeholder.
    package var name: String {
        switch self {
        case .exact(let name), .project(let name), .any(let name): name
        }
    }

    package var description: String {
        switch self {
        case .exact(let name): name
        case .project(let name): "{project}.\(name)"
        case .any(let name): "*.\(name)"
        }
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            let hyphen = UInt8(ascii: "-")
            return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
                && label.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == hyphen
                }
        }
    }
}
