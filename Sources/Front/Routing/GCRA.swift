import Nouns

/// A rate with a burst, decided on one word: the generic cell rate algorithm (ITU-T I.371, virtual scheduling).
///
/// The word is the theoretical arrival time: when the next unit would come if all came evenly, in nanoseconds of the
/// boot clock; 0 at the start. Deciding is a function from word and moment to a new word, so that several threads can
/// share a word by compare-and-swap, and nothing has to be refilled by a timer.
package struct GCRA: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        /// The new word.
        case conforming(Int64)
        /// Nothing is counted; it would conform after so long.
        case early(by: Duration)
    }

    /// Units a second.
    package let rate: Int
    /// Units that may come at once after a pause.
    package let burst: Int
    private let interval: Int64
    /// How far ahead of its time a unit may come.
    private let tolerance: Int64

    /// Both at least 1.
    package init(rate: Int, burst: Int) {
        precondition(rate > 0 && burst > 0, "a rate or burst of nothing")
        (self.rate, self.burst) = (rate, burst)
        interval = max(1, 1_000_000_000 / Int64(rate))
        tolerance = Self.span(burst - 1, rate)
    }

    /// Whether units that come now may pass. More than the burst's worth at once pass too, but only after a pause, and
    /// delay what follows.
    package func admit(_ cost: Int = 1, word: Int64, at now: Instant) -> Verdict {
        let wait = wait(word: word, at: now)
        guard wait == .zero else { return .early(by: wait) }
        return .conforming(charged(cost, word: word, at: now))
    }

    /// The word when units pass in any case.
    package func charged(_ cost: Int, word: Int64, at now: Instant) -> Int64 {
        let start = max(word, now.nanoseconds)
        let (end, overflow) = start.addingReportingOverflow(Self.span(cost, rate))
        return overflow ? .max : end
    }

    /// How long until a unit would conform.
    package func wait(word: Int64, at now: Instant) -> Duration {
        .nanoseconds(max(0, word - tolerance - now.nanoseconds))
    }

    /// Units that could pass at once now.
    package func remaining(word: Int64, at now: Instant) -> Int {
        let slack = tolerance - max(0, word - now.nanoseconds)
        return slack < 0 ? 0 : min(burst, Int(slack / interval) + 1)
    }

    /// How long until the whole burst could pass.
    package func refill(word: Int64, at now: Instant) -> Duration {
        .nanoseconds(max(0, word - now.nanoseconds))
    }

    /// How long the rate takes for so many units, in nanoseconds.
    private static func span(_ units: Int, _ rate: Int) -> Int64 {
        let (high, low) = UInt64(units).multipliedFullWidth(by: 1_000_000_000)
        guard high < UInt64(rate) else { return .max }
        return Int64(clamping: UInt64(rate).dividingFullWidth((high, low)).quotient)
    }
}
