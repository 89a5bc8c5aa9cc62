import Contracts

extension AccessLogging {
    /// Whether a request leaves a line.
    ///
    /// - Parameter number: of the request; counts up by one for each request of a loop.
    package func takes(_ outcome: Outcome, number: UInt64) -> Bool {
        switch self {
        case .off: false
        case .failures: Self.isFailure(outcome)
        case .sampled(let every): Self.isFailure(outcome) || number % UInt64(every) == 0
        }
    }

    private static func isFailure(_ outcome: Outcome) -> Bool { outcome.status >= 500 || outcome.status == 0 }
}
