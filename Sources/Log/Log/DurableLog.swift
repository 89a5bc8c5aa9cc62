import Linux

/// A log of records in segment files, in one directory that belongs to this process alone.
///
/// `append` collects; `takeJob`, the job's `run` and `finish` bring what was collected to the disk with one write and
/// one sync, however many records it is. `GroupCommit` does this on an event loop. A record is durable when its offset
/// is below `durable`; nothing that depends on it may be said to anyone before.
///
/// Not thread-safe; only a job may run elsewhere.
package final class DurableLog {
    package enum Purpose: Hashable, Sendable {
        case ordinary
        /// Deletes, and whatever else lets room be freed: may use the segment that is kept in reserve.
        case freesRoom
    }

    package let directory: String
    package let settings: LogSettings
    /// What opening found.
    package let recovery: Recovery

    /// The offset that the next record gets.
    package private(set) var end: Offset
    /// Everything below is on the disk.
    package private(set) var durable: Offset
    /// The first offset that is still there.
    package var first: Offset { segments.first?.first ?? durable }
    /// What the newest snapshot covers: everything below. Nil when there is none.
    package internal(set) var snapshot: Offset?
    /// The room that the segments take, in bytes.
    package var bytes: Int { segments.reduce(0) { $0 + $1.capacity } }
    /// Collected and not yet given to a job, in bytes.
    package private(set) var pendingBytes = 0

    let disk: any Disk
    private(set) var segments: [Segment]
    /// Where the next batch begins in the last segment.
    private var position: Int
    private var pending: [CommitJob.Write] = []
    private var spare: [UInt8] = []
    private var isJobOut = false
    private var failure: LogFailure?
    private var isWrittenTo = false
    private var lock: Int32

    /// Opens the log in an existing directory; creates nothing until the first append.
    /// - Throws: `LogFailure`, when the directory holds what this program cannot vouch for.
    package init(
        directory: String, settings: LogSettings = LogSettings(), disk: any Disk = KernelDisk()
    ) throws(LogFailure) {
        (self.directory, self.settings, self.disk) = (directory, settings, disk)
        do throws(SystemError) {
            lock = try disk.lock(directory: directory)
        } catch {
            throw error.code == 11 ? .inUse(directory: directory) : .broken(error)
        }
        do throws(LogFailure) {
            let found = try Opening(disk, directory: directory, settings: settings).run()
            (segments, position, snapshot) = (found.segments, found.position, found.snapshot)
            (end, durable) = (found.end, found.end)
            recovery = found.recovery
        } catch {
            disk.close(lock)
            throw error
        }
    }

    deinit { letGo() }

    /// Accepts a record: it becomes durable with the next job.
    /// - Returns: The record's offset.
    /// - Throws: `full`, `tooLarge`: nothing was accepted. `broken`: the log has failed for good.
    @discardableResult
    package func append(
        kind: UInt8, time: Int64, _ effect: UnsafeRawBufferPointer, for purpose: Purpose = .ordinary
    ) throws(LogFailure) -> Offset {
        if let failure { throw failure }
        guard effect.count <= settings.recordBytesMax else {
            throw .tooLarge(bytes: effect.count, bytesMax: settings.recordBytesMax)
        }
        try makeRoom(for: effect.count, purpose)
        let last = pending.count - 1
        let before = pending[last].batch.bytes.count
        pending[last].batch.append(kind: kind, time: time, effect)
        pendingBytes += pending[last].batch.bytes.count - before
        defer { end = end.next }
        return end
    }

    /// Everything collected so far, to be run by the caller. Nil when there is nothing, or a job is still out.
    func takeJob() -> CommitJob? {
        guard !isJobOut, failure == nil, !pending.isEmpty else { return nil }
        for index in pending.indices {
            // A job syncs one write before it begins the next.
            let synced = index == 0 ? durable : pending[index].batch.first
            pending[index].batch.seal(salt: pending[index].segment.salt, synced: synced)
            position = pending[index].position + pending[index].batch.bytes.count
        }
        let job = CommitJob(disk, directory: directory, writes: pending, end: end)
        pending = []
        pendingBytes = 0
        isJobOut = true
        isWrittenTo = true
        return job
    }

    /// Takes the result of a job that has run.
    /// - Throws: `broken`: nothing in the job may be acknowledged, and nothing more is accepted.
    func finish(_ job: CommitJob) throws(LogFailure) {
        isJobOut = false
        if let error = job.failure {
            failure = .broken(error)
            throw .broken(error)
        }
        durable = job.end
        for segment in job.published { segment.isPublished = true }
        keepStorage(of: job)
        closeFilled()
    }

    /// Brings everything collected to the disk, here and now.
    package func commit() throws(LogFailure) {
        precondition(!isJobOut, "a commit is under way")
        if let failure { throw failure }
        guard let job = takeJob() else { return }
        job.run()
        try finish(job)
    }

    /// Commits, and marks the end so that damage to the last records cannot pass for an unfinished write. Then the
    /// directory is free for another process; nothing may be appended any more.
    package func close() throws(LogFailure) {
        try commit()
        failure = .broken(SystemError("append to a closed log", code: 9))
        defer { letGo() }
        guard isWrittenTo, let segment = segments.last, let file = segment.file else { return }
        var seal = BatchBuilder(first: end)
        guard position + seal.bytes.count <= segment.capacity else { return }
        seal.seal(salt: segment.salt, synced: durable, flags: BatchHeader.endFlag)
        do throws(SystemError) {
            try disk.writeAll(file, at: position, seal.bytes)
            try disk.sync(file)
        } catch {
            throw .broken(error)
        }
    }

    private func letGo() {
        for segment in segments {
            if let file = segment.file { disk.close(file) }
            segment.file = nil
        }
        if lock >= 0 { disk.close(lock) }
        lock = -1
    }

    /// Removes the segments whose records are all below an offset. The caller holds a snapshot, or another copy, of
    /// what goes; readers that have not passed it get `trimmed`.
    package func trim(below offset: Offset) throws(LogFailure) {
        if let failure { throw failure }
        if offset >= end, end == durable, pending.isEmpty, !isJobOut { startAfresh() }
        var isRemoved = false
        do throws(SystemError) {
            while segments.count > 1, segments[1].isPublished, segments[1].first <= min(offset, durable) {
                let oldest = segments.removeFirst()
                if let file = oldest.file { disk.close(file) }
                try disk.remove("\(directory)/\(oldest.name)")
                isRemoved = true
            }
            if isRemoved { try disk.sync(directory: directory) }
        } catch {
            throw .broken(error)
        }
    }

    // MARK: - Room

    /// Sees to it that the last pending batch can take a record of that size.
    private func makeRoom(for effectBytes: Int, _ purpose: Purpose) throws(LogFailure) {
        if let last = pending.last {
            if last.position + last.batch.size(adding: effectBytes) <= last.segment.capacity { return }
        } else if let segment = segments.last {
            let batch = BatchBuilder(first: end, reusing: takeSpare())
            if position + batch.size(adding: effectBytes) <= segment.capacity {
                try openForWriting(segment)
                pending.append(CommitJob.Write(segment: segment, position: position, batch: batch))
                return
            }
            spare = batch.bytes
        }
        let needed = FileHeader.size + BatchBuilder(first: end).size(adding: effectBytes)
        let segment = try newSegment(bytes: needed, purpose)
        segments.append(segment)
        let batch = BatchBuilder(first: end, reusing: takeSpare())
        pending.append(CommitJob.Write(segment: segment, position: FileHeader.size, batch: batch))
    }

    private func newSegment(bytes needed: Int, _ purpose: Purpose) throws(LogFailure) -> Segment {
        let maker = SegmentMaker(disk, directory: directory, settings: settings)
        let room = settings.bytesMax - bytes
        return try maker.make(first: end, needed: needed, after: segments.last?.capacity, room: room, purpose)
    }

    /// In place of segments that hold nothing anyone needs, one small empty one. Without room for it things stay.
    private func startAfresh() {
        guard let last = segments.last, last.first < end, last.capacity > settings.segmentBytesMin else { return }
        let maker = SegmentMaker(disk, directory: directory, settings: settings)
        guard let segment = try? maker.make(first: end, needed: 0, after: nil, room: .max, .ordinary) else { return }
        let path = "\(directory)/\(segment.name)"
        do throws(SystemError) {
            try disk.sync(segment.file!)
            try disk.rename(path + Segment.temporarySuffix, to: path)
            try disk.sync(directory: directory)
        } catch {
            failure = .broken(error)
            return
        }
        segment.isPublished = true
        segments.append(segment)
        position = FileHeader.size
    }

    private func openForWriting(_ segment: Segment) throws(LogFailure) {
        guard segment.file == nil else { return }
        do throws(SystemError) {
            segment.file = try disk.open("\(directory)/\(segment.name)")
        } catch {
            throw .broken(error)
        }
    }

    private func closeFilled() {
        for segment in segments.dropLast() {
            guard let file = segment.file, !pending.contains(where: { $0.segment === segment }) else { continue }
            disk.close(file)
            segment.file = nil
        }
    }

    private func takeSpare() -> [UInt8] {
        defer { spare = [] }
        return spare
    }

    private func keepStorage(of job: CommitJob) {
        guard let storage = job.takeStorage(), storage.capacity <= 256 << 10 else { return }
        spare = storage
    }
}
