import Linux

/// Finds the files of a log, and its end; cuts a torn tail, refuses everything else that is not as it was written.
struct Opening {
    struct Found {
        var segments: [Segment] = []
        /// Where the last batch of the last segment ends.
        var position = 0
        var end = Offset.zero
        var snapshot: Offset?
        var recovery = Recovery()
    }

    private let disk: any Disk
    private let directory: String
    private let settings: LogSettings

    init(_ disk: any Disk, directory: String, settings: LogSettings) {
        (self.disk, self.directory, self.settings) = (disk, directory, settings)
    }

    func run() throws(LogFailure) -> Found {
        do {
            return try find()
        } catch let error as LogFailure {
            throw error
        } catch let error as SystemError {
            throw .broken(error)
        } catch {
            throw .broken(SystemError("open a log", code: 5))
        }
    }

    private func find() throws -> Found {
        var found = Found()
        let names = try disk.names(in: directory)
        for name in names where name.hasSuffix(Segment.temporarySuffix) { try disk.remove(path(name)) }
        found.snapshot = try newestSnapshot(names)
        for first in names.compactMap({ FileName.offset($0, Segment.suffix) }).sorted() {
            found.segments.append(try segment(first))
        }
        guard let last = found.segments.last else {
            if let snapshot = found.snapshot {
                let file = FileName.text(snapshot, FileName.snapshotSuffix)
                throw LogFailure.corrupt(file: file, position: 0, reason: "the segment that goes on from it is gone")
            }
            return found
        }
        try walk(last, &found)
        if let snapshot = found.snapshot, snapshot > found.end || snapshot < found.segments[0].first {
            let reason = "the snapshot covers up to \(snapshot), the log \(found.segments[0].first)..<\(found.end)"
            throw LogFailure.corrupt(file: last.name, position: found.position, reason: reason)
        }
        return found
    }

    /// Older ones are removed: they were only there because a crash came before their removal.
    private func newestSnapshot(_ names: [String]) throws -> Offset? {
        let snapshots = names.compactMap { FileName.offset($0, FileName.snapshotSuffix) }.sorted()
        guard let newest = snapshots.last else { return nil }
        let name = FileName.text(newest, FileName.snapshotSuffix)
        _ = try header(of: name, as: .snapshot, at: newest, closing: true)
        for snapshot in snapshots.dropLast() {
            try disk.remove(path(FileName.text(snapshot, FileName.snapshotSuffix)))
        }
        return newest
    }

    private func segment(_ first: Offset) throws -> Segment {
        let name = FileName.text(first, Segment.suffix)
        let (header, size, _) = try header(of: name, as: .segment, at: first, closing: true)
        return Segment(first: first, capacity: size, header: header, file: nil, isPublished: true)
    }

    private func header(
        of name: String, as form: FileHeader.Form, at offset: Offset, closing: Bool
    ) throws -> (FileHeader, size: Int, file: Int32) {
        let file = try disk.open(path(name))
        defer { if closing { disk.close(file) } }
        var bytes = [UInt8](repeating: 0, count: FileHeader.size)
        let count = try bytes.withUnsafeMutableBytes { try disk.readAll(file, at: 0, into: $0) }
        let header = try bytes.withUnsafeBytes {
            try FileHeader(
                reading: UnsafeRawBufferPointer(rebasing: $0[..<count]), as: form, of: name, settings: settings)
        }
        guard header.offset == offset else {
            throw LogFailure.corrupt(file: name, position: 32, reason: "it begins at \(header.offset)")
        }
        return (header, try disk.size(of: file), file)
    }

    /// Finds the end of the last segment.
    private func walk(_ segment: Segment, _ found: inout Found) throws {
        let file = try disk.open(path(segment.name))
        defer { disk.close(file) }
        let cursor = BatchCursor(disk, file: file, salt: segment.salt)
        found.end = segment.first
        found.recovery.wasClosed = found.segments.count == 1 && segment.first == .zero
        while true {
            found.position = cursor.position
            switch try cursor.next() {
            case .batch(let batch, _):
                guard batch.first == found.end else {
                    let reason = "a batch that begins at \(batch.first) instead of \(found.end)"
                    throw LogFailure.corrupt(file: segment.name, position: found.position, reason: reason)
                }
                found.end = batch.end
                found.recovery.wasClosed = batch.isEnd
            case .blank:
                try cut(file, segment, cursor, "an empty place among batches", &found)
                return
            case .damaged(let reason):
                try cut(file, segment, cursor, reason, &found)
                return
            }
        }
    }

    /// Overwrites what an unfinished write has left with zeros. With an intact batch behind it, it is no unfinished
    /// write: the batch was only written when everything before it was on the disk.
    private func cut(
        _ file: Int32, _ segment: Segment, _ cursor: BatchCursor, _ reason: String, _ found: inout Found
    ) throws {
        let start = cursor.position
        let remainder = try cursor.remainder()
        if let witness = remainder.witness {
            throw LogFailure.corrupt(
                file: segment.name, position: start, reason: "\(reason), and an intact batch follows at \(witness)")
        }
        guard remainder.end > start else { return }
        let zeros = [UInt8](repeating: 0, count: min(remainder.end - start, 64 << 10))
        var position = start
        while position < remainder.end {
            let count = min(zeros.count, remainder.end - position)
            try zeros.withUnsafeBytes {
                try disk.writeAll(file, at: position, UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
            position += count
        }
        try disk.sync(file)
        found.recovery.wasClosed = false
        found.recovery.tornTail = Recovery.TornTail(
            file: segment.name, position: start, bytes: remainder.end - start)
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }
}
