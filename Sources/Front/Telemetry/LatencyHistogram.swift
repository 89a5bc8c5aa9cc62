/// How long requests took, in buckets that grow by about the factor two.
package struct LatencyHistogram: Sendable {
    /// Upper bounds of the buckets, in microseconds; one more bucket holds what took longer.
    package static let bounds: [14 of Int64] = [
        500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000,
    ]

    /// One more than `bounds`.
    package private(set) var counts = [15 of UInt64](repeating: 0)
    /// Nanoseconds of all together.
    package private(set) var sum: Int64 = 0

    package init() {}

    package var count: UInt64 {
        var count: UInt64 = 0
        for index in counts.indices { count += counts[index] }
        return count
    }

    @inlinable package mutating func record(nanoseconds: Int64) {
        // Most requests are in the first buckets: counting upwards beats a search.
        var index = 0
        while index < Self.bounds.count, nanoseconds > Self.bounds[index] * 1_000 { index += 1 }
        add(1, to: index, nanoseconds)
    }

    @usableFromInline mutating func add(_ count: UInt64, to index: Int, _ nanoseconds: Int64) {
        counts[index] += count
        sum += nanoseconds
    }

    package static func += (histogram: inout LatencyHistogram, other: LatencyHistogram) {
        for index in histogram.counts.indices { histogram.counts[index] += other.counts[index] }
        histogram.sum += other.sum
    }
}
