/// A moment as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
package enum HTTPDate {
    package static let length = 29

    private static let days: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// - Parameter seconds: since 1970-01-01T00:00:00Z, up to the end of the year 9999.
    package static func append(seconds: Int64, to output: inout [UInt8]) {
        let day = Int(seconds / 86_400)
        let second = Int(seconds % 86_400)
        let date = civil(day)
        output.append(days[(day + 4) % 7])
        output.append(", " as StaticString)
        append(date.day, digits: 2, to: &output)
        output.append(UInt8(ascii: " "))
        output.append(months[date.month - 1])
        output.append(UInt8(ascii: " "))
        append(date.year, digits: 4, to: &output)
        output.append(UInt8(ascii: " "))
        append(second / 3600, digits: 2, to: &output)
        output.append(UInt8(ascii: ":"))
        append(second / 60 % 60, digits: 2, to: &output)
        output.append(UInt8(ascii: ":"))
        append(second % 60, digits: 2, to: &output)
        output.append(" GMT" as StaticString)
    }

    /// The date of a day since 1970-01-01, counting in eras of 400 years that begin on a first of March (Howard
    /// Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func append(_ number: Int, digits: Int, to output: inout [UInt8]) {
        var divisor = digits == 4 ? 1000 : 10
        while divisor > 0 {
            output.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
