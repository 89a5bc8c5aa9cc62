import Nouns

/// Sizes as people write them: `64KiB`.
package enum Size {
    private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)]

    /// Nil when the text is not a whole number with one of the units.
    package static func bytes(_ text: String) -> Int? {
        for (name, factor) in units where text.hasSuffix(name) {
            guard let number = Int(digits: text.dropLast(name.utf8.count)) else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: factor)
            return overflow ? nil : product
        }
        return nil
    }

    /// In the largest unit that leaves no rest.
    package static func text(_ bytes: Int) -> String {
        for (name, factor) in units where bytes >= factor && bytes % factor == 0 { return "\(bytes / factor)\(name)" }
        return "\(bytes)B"
    }
}

/// Durations as people write them: `250ms`.
package enum Time {
    private static let units: [(String, Int64)] = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]

    /// Nil when the text is not a whole number with one of the units.
    package static func duration(_ text: String) -> Duration? {
        for (name, factor) in units where text.hasSuffix(name) {
            guard let number = Int(digits: text.dropLast(name.utf8.count)) else { return nil }
            let (product, overflow) = Int64(number).multipliedReportingOverflow(by: factor)
            return overflow ? nil : .milliseconds(product)
        }
        return nil
    }

    /// In the largest unit that leaves no rest.
    package static func text(_ duration: Duration) -> String {
        let milliseconds = duration.millisecondsRoundedUp
        for (name, factor) in units.sorted(by: { $0.1 > $1.1 }) where milliseconds >= factor {
            if milliseconds % factor == 0 { return "\(milliseconds / factor)\(name)" }
        }
        return "\(milliseconds)ms"
    }
}
