/// Which requests leave a line in the access log.
package enum AccessLog: Hashable, Sendable {
    case off
    /// Those answered 5xx, by whomever, and those whose client got no answer.
    case failures
    /// The same, and of the others every so-manyth; 1 is all of them.
    case sampled(every: Int)

    /// - Parameter number: of the request; counts up by one for each request of a loop.
    package func takes(_ outcome: Outcome, number: UInt64) -> Bool {
        switch self {
        case .off: false
        case .failures: Self.isFailure(outcome)
        case .sampled(let every): Self.isFailure(outcome) || number % UInt64(max(1, every)) == 0
        }
    }

    private static func isFailure(_ outcome: Outcome) -> Bool { outcome.status >= 500 || outcome.status == 0 }
}
