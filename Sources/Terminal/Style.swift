import Glibc

/// How text is marked on a terminal: colours where a person reads, plain text where a program does.
package struct Style: Sendable {
    package enum Colour: Int, Sendable {
        case red = 31
        case green = 32
        case yellow = 33
        case grey = 90
    }

    package let isColoured: Bool

    package init(isColoured: Bool) { self.isColoured = isColoured }

    /// Colours for a terminal, unless `NO_COLOR` is set (no-color.org) or it can show none.
    package static func ofOutput(_ descriptor: Int32 = STDOUT_FILENO) -> Style {
        let isRefused = getenv("NO_COLOR").map { $0[0] != 0 } ?? false
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? false
        return Style(isColoured: isatty(descriptor) == 1 && !isRefused && !isDumb)
    }

    package func paint(_ text: String, _ colour: Colour?) -> String {
        guard isColoured, let colour else { return text }
        return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
    }

    package func bold(_ text: String) -> String { isColoured ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
}
