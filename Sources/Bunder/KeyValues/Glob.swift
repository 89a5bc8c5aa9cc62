/// Patterns over keys as in `KEYS` and `SCAN`: `*`, `?`, `[abc]`, `[^a]`, `[a-c]`, and `\` before a byte that stands
/// for itself. Bytes are compared, not characters.
package struct Glob: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case byte(UInt8)
        case any
        case many
        case oneOf([ClosedRange<UInt8>], isNegated: Bool)

        func matches(_ byte: UInt8) -> Bool {
            switch self {
            case .byte(let own): own == byte
            case .any: true
            case .many: false
            case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(byte) } != isNegated
            }
        }
    }

    private var parts: [Part] = []

    package init(_ pattern: [UInt8]) {
        var at = 0
        while at < pattern.count {
            let byte = pattern[at]
            at += 1
            switch byte {
            case UInt8(ascii: "*"): if parts.last != .many { parts.append(.many) }
            case UInt8(ascii: "?"): parts.append(.any)
            case UInt8(ascii: "["): parts.append(Self.set(pattern, &at))
            case UInt8(ascii: "\\") where at < pattern.count:
                parts.append(.byte(pattern[at]))
                at += 1
            default: parts.append(.byte(byte))
            }
        }
    }

    /// Whether every key matches.
    package var isEverything: Bool { parts == [.many] }

    /// Goes back to the last `*` only: time is at most the product of the lengths, whatever the pattern.
    package func matches(_ text: [UInt8]) -> Bool {
        var (part, at) = (0, 0)
        var retry: (part: Int, at: Int)?
        while at < text.count {
            if part < parts.count, parts[part] == .many {
                part += 1
                retry = (part, at)
            } else if part < parts.count, parts[part].matches(text[at]) {
                part += 1
                at += 1
            } else if let last = retry {
                retry = (last.part, last.at + 1)
                (part, at) = (last.part, last.at + 1)
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .many }
    }

    /// What stands between brackets; one that is not closed reaches to the end.
    private static func set(_ pattern: [UInt8], _ at: inout Int) -> Part {
        var ranges: [ClosedRange<UInt8>] = []
        var isNegated = false
        if at < pattern.count, pattern[at] == UInt8(ascii: "^") {
            isNegated = true
            at += 1
        }
        while at < pattern.count, pattern[at] != UInt8(ascii: "]") {
            if pattern[at] == UInt8(ascii: "\\"), at + 1 < pattern.count { at += 1 }
            let low = pattern[at]
            at += 1
            if at + 1 < pattern.count, pattern[at] == UInt8(ascii: "-"), pattern[at + 1] != UInt8(ascii: "]") {
                let high = pattern[at + 1]
                at += 2
                ranges.append(min(low, high)...max(low, high))
            } else {
                ranges.append(low...low)
            }
        }
        at += 1
        return .oneOf(ranges, isNegated: isNegated)
    }
}
