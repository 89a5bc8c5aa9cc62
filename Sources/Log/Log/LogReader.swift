import Linux

/// Reads a log's durable records in order from an offset on, and follows it as it grows.
///
/// Keeps one file open. Call `read` again after more became durable.
package final class LogReader {
    /// The next record that will be handed out.
    package private(set) var offset: Offset

    private let log: DurableLog
    private var file: Int32?
    private var segment: Segment?
    private var cursor: BatchCursor?
    /// The first offset of the batch that the cursor looks at next.
    private var batchFirst = Offset.zero

    package init(_ log: DurableLog, from offset: Offset) {
        (self.log, self.offset) = (log, offset)
    }

    deinit { if let file { log.disk.close(file) } }

    /// Hands out durable records, in whole batches, until at least `bytesMax` bytes were handed out or none is left.
    /// - Returns: Whether there may be more.
    /// - Throws: `trimmed`, `corrupt`, `broken`, and whatever the body throws; then reading goes on behind that batch.
    package func read(bytesMax: Int = .max, _ body: (LogRecord) throws -> Void) throws -> Bool {
        cursor?.refresh()
        var bytes = 0
        while offset < log.durable {
            guard bytes < bytesMax else { return true }
            guard offset >= log.first else { throw LogFailure.trimmed(first: log.first) }
            try moveToSegment()
            let place = cursor!.position
            guard case .batch(let header, let records) = try cursor!.next(), header.first == batchFirst else {
                throw corrupt(place, "no intact batch, where there was one")
            }
            batchFirst = header.end
            let start = offset
            offset = max(offset, header.end)
            guard header.end > start else { continue }
            bytes += header.sizeOnDisk
            let adds = try header.forEachRecord(in: records) { if $0.offset >= start { try body($0) } }
            guard adds else { throw corrupt(place, "the records do not fill their batch") }
        }
        return false
    }

    private func moveToSegment() throws {
        if let segment, batchFirst <= offset, !isPast(segment) { return }
        guard let next = log.segments.last(where: { $0.first <= offset }) else {
            throw LogFailure.trimmed(first: log.first)
        }
        if let file { log.disk.close(file) }
        file = nil
        let opened = try log.disk.open("\(log.directory)/\(next.name)")
        file = opened
        segment = next
        cursor = BatchCursor(log.disk, file: opened, salt: next.salt)
        batchFirst = next.first
    }

    private func isPast(_ segment: Segment) -> Bool {
        guard let next = log.segments.first(where: { $0.first > segment.first }) else { return false }
        return batchFirst >= next.first
    }

    private func corrupt(_ position: Int, _ reason: String) -> LogFailure {
        .corrupt(file: segment!.name, position: position, reason: reason)
    }
}

extension DurableLog {
    /// Hands out what the newest snapshot holds, if there is one, and then every durable record that it does not
    /// cover: the whole state, in the order in which it came to be. Records of the snapshot have offsets of their own.
    package func replay(_ body: (LogRecord) throws -> Void) throws {
        if let snapshot { try SnapshotReader(self, snapshot).read(body) }
        let reader = LogReader(self, from: snapshot ?? .zero)
        while try reader.read(body) {}
    }
}
