/// Durations of many trials, in order.
package struct Percentiles: Sendable {
    private let sorted: [Duration]

    package init(_ durations: [Duration]) { sorted = durations.sorted() }

    package var count: Int { sorted.count }

    /// The nearest-rank percentile; zero of nothing.
    package func at(_ percent: Double) -> Duration {
        guard !sorted.isEmpty else { return .zero }
        let rank = Int((percent / 100 * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    package var median: Duration { at(50) }
}

extension Duration {
    /// Milliseconds with their fraction.
    package var milliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1_000_000_000_000_000
    }
}
