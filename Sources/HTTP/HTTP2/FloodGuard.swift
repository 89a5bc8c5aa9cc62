import Nouns

/// Counts what a peer may do now and then, but not all the time: a bucket of tokens that refills with time.
package struct FloodGuard {
    package struct Rate: Hashable, Sendable {
        /// At once.
        package var burst: Int
        package var perSecond: Int

        package init(burst: Int, perSecond: Int) { (self.burst, self.perSecond) = (burst, perSecond) }
    }

    private let rate: Rate
    private var tokens: Int
    private var filledAt: Instant

    package init(_ rate: Rate, at now: Instant) {
        (self.rate, tokens, filledAt) = (rate, rate.burst, now)
    }

    /// Takes a token; false when there is none.
    package mutating func take(at now: Instant) -> Bool {
        if tokens == 0 { refill(at: now) }
        guard tokens > 0 else { return false }
        tokens -= 1
        return true
    }

    private mutating func refill(at now: Instant) {
        let elapsed = max(0, (now - filledAt).nanoseconds)
        let (product, overflow) = elapsed.multipliedReportingOverflow(by: Int64(rate.perSecond))
        let count = overflow ? Int64(rate.burst) : product / 1_000_000_000
        // Before a whole token is due, the time goes on counting.
        guard count > 0 else { return }
        tokens = Int(min(Int64(rate.burst), count))
        filledAt = now
    }
}
