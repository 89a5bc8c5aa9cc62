import Nouns

/// How many lines one process may still log: a bucket that holds a second's worth and fills steadily, so that one
/// process that floods its output costs the supervisor and the disk a bounded amount.
package struct LineBudget {
    /// Lines a second, and at once.
    package static let rate = 1_000

    private var lines = Double(rate)
    private var filledAt: Instant
    private var dropped = 0

    package init(at now: Instant) { filledAt = now }

    package enum Verdict: Equatable {
        case pass
        /// The line passes; so many before it did not.
        case passAfter(dropped: Int)
        case drop
    }

    package mutating func take(at now: Instant) -> Verdict {
        let seconds = Double((now - filledAt).nanoseconds) / 1e9
        lines = min(Double(Self.rate), lines + max(0, seconds) * Double(Self.rate))
        filledAt = now
        guard lines >= 1 else {
            dropped += 1
            return .drop
        }
        lines -= 1
        defer { dropped = 0 }
        return dropped == 0 ? .pass : .passAfter(dropped: dropped)
    }

    /// Lines dropped since one last passed; for the notice at a stream's end.
    package mutating func takeDropped() -> Int {
        defer { dropped = 0 }
        return dropped
    }
}
