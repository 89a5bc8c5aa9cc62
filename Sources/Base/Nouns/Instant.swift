/// A moment on the node's boot clock (`CLOCK_BOOTTIME`), in nanoseconds: comparable between processes of one boot and
/// across a restart of the supervisor. In simulations it starts at zero.
package struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let nanoseconds: Int64

    @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static let zero = Instant(nanoseconds: 0)
    package static let distantFuture = Instant(nanoseconds: .max)

    /// Saturates instead of overflowing.
    package func advanced(by duration: Duration) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    package func duration(to other: Instant) -> Duration { .nanoseconds(other.nanoseconds - nanoseconds) }

    package static func + (instant: Instant, duration: Duration) -> Instant { instant.advanced(by: duration) }
    package static func - (a: Instant, b: Instant) -> Duration { b.duration(to: a) }
    @inlinable package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Seconds with three decimals: `1.300`.
    package var description: String {
        let milliseconds = nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    }
}

extension Duration {
    /// Whole nanoseconds, saturating at what an `Int64` holds (292 years).
    package var nanoseconds: Int64 {
        // One division of the machine's for what is not negative and not beyond 292 years; `components` takes many.
        let (high, low) = (Int64(truncatingIfNeeded: attoseconds >> 64), UInt64(truncatingIfNeeded: attoseconds))
        if high >= 0, high < 500_000_000 {
            return Int64(UInt64(1_000_000_000).dividingFullWidth((UInt64(high), low)).quotient)
        }
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole milliseconds, rounded up, so that a wait is never cut short.
    package var millisecondsRoundedUp: Int64 {
        let nanoseconds = nanoseconds
        return nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
    }
}
