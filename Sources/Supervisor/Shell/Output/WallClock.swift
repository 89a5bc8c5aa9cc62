import Linux
import Nouns

/// Tells moments of the boot clock as people do: as what the wall clock, when this was made, calls them.
package struct WallClock: Sendable {
    private let offset: Int64

    package init() { offset = WallTime.nanoseconds - EventLoop.clock().nanoseconds }

    /// RFC 3339, UTC, milliseconds.
    package func text(_ instant: Instant) -> String {
        Timestamp((instant.nanoseconds + offset) / 1_000_000).text
    }

    /// The present, likewise.
    package static var now: String { Timestamp(WallTime.milliseconds).text }
}
