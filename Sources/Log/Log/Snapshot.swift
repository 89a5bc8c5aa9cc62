import Linux

/// Writes the state below an offset into a file of its own, record by record, so that the log below can be trimmed.
///
/// Nothing of it counts before `finish`: a crash, a failure or letting go of it leaves the former snapshot in place. A
/// failure here does not harm the log.
package final class SnapshotWriter {
    /// The snapshot holds the effect of every record below.
    package let covered: Offset
    /// What was written so far.
    package private(set) var bytes = 0

    private static let batchBytes = 64 << 10
    /// Written without a sync in between: what a sync has to wait for at most.
    private static let unsyncedBytesMax = 1 << 20

    private let log: DurableLog
    private let header: FileHeader
    private let name: String
    private var file: Int32?
    private var batch = BatchBuilder(first: .zero)
    private var unsyncedBytes = 0

    /// - Throws: `full`, `broken`.
    package init(_ log: DurableLog, covering covered: Offset) throws(LogFailure) {
        precondition(covered <= log.end && covered >= log.first, "a snapshot of \(covered) is none of this log")
        (self.log, self.covered) = (log, covered)
        header = FileHeader(.snapshot, settings: log.settings, offset: covered)
        name = FileName.text(covered, FileName.snapshotSuffix)
        file = try Self.attempt { () throws(SystemError) in
            try log.disk.create("\(log.directory)/\(FileName.text(covered, FileName.snapshotSuffix)).tmp")
        }
        try write(header.encoded)
    }

    deinit { cancel() }

    /// Gives up; removes what was written.
    package func cancel() {
        guard let file else { return }
        log.disk.close(file)
        self.file = nil
        try? log.disk.remove("\(log.directory)/\(name).tmp")
    }

    /// - Throws: `full`, `broken`: the snapshot is given up.
    package func append(kind: UInt8, time: Int64, _ effect: UnsafeRawBufferPointer) throws(LogFailure) {
        batch.append(kind: kind, time: time, effect)
        if batch.bytes.count >= Self.batchBytes { try flush() }
    }

    /// Makes the snapshot count, in place of the one before.
    /// - Precondition: everything that it covers is durable.
    /// - Throws: `full`, `broken`: the snapshot is given up.
    package func finish() throws(LogFailure) {
        precondition(covered <= log.durable, "a snapshot may not know more than the log")
        try flush()
        try flush(flags: BatchHeader.endFlag)
        guard let file else { return }
        let path = "\(log.directory)/\(name)"
        let disk = log.disk
        try attempt { () throws(SystemError) in
            try disk.sync(file)
            try disk.rename(path + ".tmp", to: path)
        }
        disk.close(file)
        self.file = nil
        let former = log.snapshot
        log.snapshot = covered
        try attempt { () throws(SystemError) in
            try disk.sync(directory: log.directory)
            if let former, former != covered {
                try disk.remove("\(log.directory)/\(FileName.text(former, FileName.snapshotSuffix))")
            }
        }
    }

    private func flush(flags: UInt32 = 0) throws(LogFailure) {
        guard batch.count > 0 || flags != 0 else { return }
        batch.seal(salt: header.salt, synced: .zero, flags: flags)
        try write(batch.bytes)
        batch = BatchBuilder(first: batch.first.advanced(by: batch.count), reusing: batch.bytes)
    }

    private func write(_ chunk: [UInt8]) throws(LogFailure) {
        guard let file else { throw .broken(SystemError("append to a snapshot given up", code: 9)) }
        let disk = log.disk
        let position = bytes
        let isSyncDue = unsyncedBytes + chunk.count >= Self.unsyncedBytesMax
        try attempt { () throws(SystemError) in
            try disk.writeAll(file, at: position, chunk)
            if isSyncDue { try disk.sync(file) }
        }
        bytes += chunk.count
        unsyncedBytes = isSyncDue ? 0 : unsyncedBytes + chunk.count
    }

    private func attempt(_ work: () throws(SystemError) -> Void) throws(LogFailure) {
        do throws(LogFailure) {
            try Self.attempt(work)
        } catch {
            cancel()
            throw error
        }
    }

    private static func attempt<Result>(_ work: () throws(SystemError) -> Result) throws(LogFailure) -> Result {
        do throws(SystemError) {
            return try work()
        } catch {
            throw error.meansFull ? .full : .broken(error)
        }
    }
}

/// Reads a snapshot back.
struct SnapshotReader {
    private let log: DurableLog
    private let covered: Offset

    init(_ log: DurableLog, _ covered: Offset) { (self.log, self.covered) = (log, covered) }

    func read(_ body: (LogRecord) throws -> Void) throws {
        let name = FileName.text(covered, FileName.snapshotSuffix)
        let file = try log.disk.open("\(log.directory)/\(name)")
        defer { log.disk.close(file) }
        var bytes = [UInt8](repeating: 0, count: FileHeader.size)
        let count = try bytes.withUnsafeMutableBytes { try log.disk.readAll(file, at: 0, into: $0) }
        let header = try bytes.withUnsafeBytes {
            let head = UnsafeRawBufferPointer(rebasing: $0[..<count])
            return try FileHeader(reading: head, as: .snapshot, of: name, settings: log.settings)
        }
        let cursor = BatchCursor(log.disk, file: file, salt: header.salt)
        var end = Offset.zero
        while true {
            let place = cursor.position
            func corrupt(_ reason: String) -> LogFailure { .corrupt(file: name, position: place, reason: reason) }
            switch try cursor.next() {
            case .blank: throw corrupt("the snapshot ends before its end")
            case .damaged(let reason): throw corrupt(reason)
            case .batch(let batch, let records):
                guard batch.first == end else { throw corrupt("a part of the snapshot is missing") }
                end = batch.end
                if batch.isEnd { return }
                guard try batch.forEachRecord(in: records, body) else {
                    throw corrupt("the records do not fill their batch")
                }
            }
        }
    }
}
