import Foundation

/// The time of a run: moments since its beginning.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now
    /// Milliseconds since 1970 when the run began.
    let epoch = Int64(Date().timeIntervalSince1970 * 1000)

    var now: Duration { start.duration(to: .now) }

    /// Waits until a moment of the run.
    func wait(until moment: Duration) {
        let rest = moment - now
        if rest > .zero { Self.pause(rest) }
    }

    static func pause(_ duration: Duration) { Thread.sleep(forTimeInterval: duration / .seconds(1)) }
}
