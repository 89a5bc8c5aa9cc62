/// How many of one project's requests may be sent again after they were lost on the way: one in five, and a thousand
/// on top when all was well before, so that a crash is made good but retries cannot multiply an overload.
package struct RetryBudget: Hashable, Sendable {
    /// Requests that pay for one retry.
    package static let requestsPerRetry = 5
    /// Retries that can be saved up.
    package static let retriesMax = 1_024

    private var credit = requestsPerRetry * retriesMax

    package init() {}

    /// A request was taken on.
    package mutating func earn() { credit = min(credit + 1, Self.requestsPerRetry * Self.retriesMax) }

    /// Takes one retry, if there is one.
    package mutating func take() -> Bool {
        guard credit >= Self.requestsPerRetry else { return false }
        credit -= Self.requestsPerRetry
        return true
    }
}
