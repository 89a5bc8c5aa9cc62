import Documents
import Service

/// What the cluster file says of bundoc, and its limits.
package struct EngineSettings: Hashable, Sendable {
    package var limits = DocumentLimits()
    /// SQLite's page cache, in KiB (`cache`, in bytes).
    package var cacheKiB = 1_000
    /// Requests that one commit serves; more wait for the next.
    package var batchMax = 1_024
    /// Bytes in the log's records of one commit.
    package var batchBytesMax = 8 << 20
    /// Bytes of segments from which on a checkpoint trims the log.
    package var logBytesMax = 8 << 20
    /// Room set aside on the disk for deletes when it is full.
    package var reserveBytes = 256 << 10
    /// Bytes that must stay free on the disk behind a write that is no delete.
    package var freeBytesMin = 512 << 10
    /// Bytes that the project's documents may take (`disk_max`); nil: as much as the disk gives. The log takes some
    /// MiB more.
    package var diskBytesMax: Int?
    /// Without requests for so long, memory that is not needed is given back.
    package var idle = Duration.seconds(1)

    package init() {}

    /// - Throws: with the setting's name and what is allowed.
    package init(_ values: [String: String]) throws(StartFailure) {
        limits.documentBytesMax =
            try Self.number(values, "body_max", in: 1_024...(16 << 20)) ?? limits.documentBytesMax
        limits.collectionsMax =
            try Self.number(values, "collections_max", in: 1...1_000_000) ?? limits.collectionsMax
        diskBytesMax = try Self.number(values, "disk_max", in: (1 << 20)...(1 << 50))
        cacheKiB = try Self.number(values, "cache", in: (64 << 10)...(1 << 30)).map { $0 >> 10 } ?? cacheKiB
    }

    private static func number(
        _ values: [String: String], _ name: String, in range: ClosedRange<Int>
    ) throws(StartFailure) -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw StartFailure(
                "the setting \(name) is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
