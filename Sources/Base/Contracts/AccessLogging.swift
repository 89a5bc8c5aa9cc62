/// Which requests leave a line in the front's access log.
package enum AccessLogging: Hashable, Sendable {
    case off
    /// Those answered 5xx, by whomever, and those whose client got no answer.
    case failures
    /// The same, and of the others every so-manyth; 1 is all of them.
    case sampled(every: Int)

    package static let everyMax = 1_000_000

    /// `off`, `failures`, `all` or `1/100`.
    package init?(_ text: String) {
        switch text {
        case "off": self = .off
        case "failures": self = .failures
        case "all": self = .sampled(every: 1)
        default:
            guard text.hasPrefix("1/"), text.dropFirst(2).utf8.allSatisfy({ (48...57).contains($0) }),
                let every = Int(text.dropFirst(2)), (1...Self.everyMax).contains(every)
            else { return nil }
            self = .sampled(every: every)
        }
    }

    package var text: String {
        switch self {
        case .off: "off"
        case .failures: "failures"
        case .sampled(1): "all"
        case .sampled(let every): "1/\(every)"
        }
    }
}
