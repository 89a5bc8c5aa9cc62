import Nouns

/// Numbers, spans and moments as people say them.
package enum Human {
    /// `0 B`, `840 KiB`, `1.2 MiB`.
    package static func bytes(_ count: Int64) -> String {
        var (value, index) = (Double(count), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1024, index < units.count - 1 { (value, index) = (value / 1024, index + 1) }
        return index == 0 || value >= 100 ? "\(Int(value)) \(units[index])" : "\(oneDecimal(value)) \(units[index])"
    }

    /// `12 s`, `3 min`, `5 h`, `2 d`.
    package static func span(milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds) / 1000
        return switch seconds {
        case ..<1: "\(max(0, milliseconds)) ms"
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    /// `0.2 s`, `31 s`, `12 min` of processor time.
    package static func cpu(seconds: Double) -> String {
        seconds < 10 ? "\(oneDecimal(seconds)) s" : span(milliseconds: Int64(seconds * 1000))
    }

    private static func oneDecimal(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// Milliseconds since 1970 of a time like `2026-11-23T13:14:15.123Z`; nil when it is not of that form.
    package static func milliseconds(_ time: String) -> Int64? {
        let bytes = Array(time.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64? { Int64(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month)
        else { return nil }
        let fraction = bytes.count > 21 ? number(20..<min(23, bytes.count - 1)) ?? 0 : 0
        // Days since 1970; Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let shifted = year - (month <= 2 ? 1 : 0)
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction
    }
}
