import CLinux
import Glibc
import Linux
import Nouns

/// Tells moments of the boot clock as people do: as what the wall clock, when this was made, calls them.
package struct WallClock: Sendable {
    private let offset: Int64

    package init() { offset = Self.epochNanoseconds() - EventLoop.clock().nanoseconds }

    /// RFC 3339, UTC, milliseconds.
    package func text(_ instant: Instant) -> String {
        Self.text(milliseconds: (instant.nanoseconds + offset) / 1_000_000)
    }

    /// The present, likewise.
    package static var now: String { text(milliseconds: epochNanoseconds() / 1_000_000) }

    static func epochNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// `2026-11-23T13:14:15.123Z`, from milliseconds since 1970.
    package static func text(milliseconds: Int64) -> String {
        let (seconds, fraction) = milliseconds.quotientAndFloorRemainder(by: 1000)
        let (days, second) = seconds.quotientAndFloorRemainder(by: 86_400)
        let (year, month, day) = date(ofDay: days)
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T"
            + "\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2)).\(pad(fraction, 3))Z"
    }

    /// The Gregorian date of a day counted from 1970; Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    private static func date(ofDay day: Int64) -> (Int64, Int64, Int64) {
        let (era, dayOfEra) = (day + 719_468).quotientAndFloorRemainder(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func pad(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}

extension Int64 {
    fileprivate func quotientAndFloorRemainder(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
