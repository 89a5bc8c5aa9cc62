import Nouns

/// Notices an instance that takes requests and answers none: after some have timed out in a row it is left alone, but
/// for one now and then that tries it. An answer of any kind makes it good again.
package struct Outlier: Hashable, Sendable {
    /// Requests that time out in a row before the instance is left alone.
    package static let timeoutsMax = 8
    package static let pauseMin = Duration.seconds(1)
    package static let pauseMax = Duration.seconds(30)

    private enum State: Hashable {
        /// Leaves to `avoided`.
        case trusted(timeouts: Int)
        /// One request is let through at `next`, and then one after each `pause`. Leaves to `trusted` by an answer.
        case avoided(next: Instant, pause: Duration)
    }

    private var state = State.trusted(timeouts: 0)

    package init() {}

    /// Whether a request may go there; else how long it is until one may. Whoever asks and may, goes.
    package mutating func admit(at now: Instant) -> Duration? {
        guard case .avoided(let next, let pause) = state else { return nil }
        guard now >= next else { return next - now }
        state = .avoided(next: now + pause, pause: pause)
        return nil
    }

    package mutating func answered() {
        if state != .trusted(timeouts: 0) { state = .trusted(timeouts: 0) }
    }

    package mutating func timedOut(at now: Instant) {
        switch state {
        case .trusted(let timeouts) where timeouts + 1 < Self.timeoutsMax: state = .trusted(timeouts: timeouts + 1)
        case .trusted: state = .avoided(next: now + Self.pauseMin, pause: Self.pauseMin)
        case .avoided(_, let pause):
            let longer = min(pause * 2, Self.pauseMax)
            state = .avoided(next: now + longer, pause: longer)
        }
    }
}
