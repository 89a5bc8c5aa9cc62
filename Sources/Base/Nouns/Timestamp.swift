/// A moment in the world's time as JSON says it: RFC 3339 in UTC with milliseconds, `2026-11-23T13:05:00.250Z`.
package struct Timestamp: Hashable, Sendable {
    private let milliseconds: Int64

    /// `milliseconds`: since 1970-01-01T00:00:00Z.
    package init(_ milliseconds: Int64) { self.milliseconds = max(0, milliseconds) }

    package var text: String {
        let seconds = milliseconds / 1000
        let date = Self.date(day: seconds / 86_400)
        let clock = seconds % 86_400
        return Self.pad(date.year, 4) + "-" + Self.pad(date.month, 2) + "-" + Self.pad(date.day, 2) + "T"
            + Self.pad(clock / 3600, 2) + ":" + Self.pad(clock / 60 % 60, 2) + ":" + Self.pad(clock % 60, 2) + "."
            + Self.pad(milliseconds % 1000, 3) + "Z"
    }

    /// Of a day since 1970-01-01, in eras of 400 years from a first of March (Howard Hinnant, "chrono-Compatible
    /// Low-Level Date Algorithms").
    private static func date(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let civil = month < 10 ? month + 3 : month - 9
        return (year + era * 400 + (civil <= 2 ? 1 : 0), civil, ofYear - (153 * month + 2) / 5 + 1)
    }

    private static func pad(_ number: Int64, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
