import CLinux
import Documents
import Glibc
import Linux
import Log
import Nouns
import SQL

/// One project's documents: a log that is the truth, and a store that is the view of it.
///
/// A write is evaluated against the store, appended to the log and applied to the store's open transaction. When the
/// loop has handled its batch of events, the log is synced once, the transaction is committed together with the offset
/// that it has reached in the log, and everyone is answered: an answer, a read's too, leaves only when what it depends
/// on is on the disk. A read that finds no transaction open is answered at once.
///
/// The sync runs on the loop: reads would have to wait for it in any case, because they see the transaction.
package final class Engine {
    package typealias Reply = (Result<Answer, Fault>) -> Void

    private struct Waiting {
        var operation: Operation
        var result: Result<Answer, Fault>
        /// Accepted by the log: whatever the store does, the write will be there.
        var isLogged: Bool
        var reply: Reply
    }

    let settings: EngineSettings
    let store: Store
    private let log: DurableLog
    private let loop: EventLoop
    /// Unix time in milliseconds.
    let now: () -> Int64
    private let failed: (any Error) -> Void
    private let passed: (Step) -> Void

    var generator = IDGenerator()
    var random = SystemRandomNumberGenerator()
    private var batch: [Waiting] = []
    private var isScheduled = false
    private var isClosed = false
    private var isPurging = false
    /// The log holds records that the store could not take: nothing can be evaluated until it has.
    private var isBehind = false
    /// And answers may depend on them: what was acknowledged before a crash is not in the store yet.
    private var isStale = false
    private var reserve: Reserve
    /// Bytes that the writes of this batch may still take from the disk.
    private var room = 0
    /// What the project may still take, whatever the disk has.
    private var allowance = Int.max
    private var lastUse = Instant.zero
    private var idleTimer: TimerHeap.ID?

    /// The kind of a log record that is an `EffectRecord`.
    static let recordKind: UInt8 = 1

    /// Opens or creates the database in an existing directory, and applies what the store lacks of the log.
    ///
    /// - Parameter failed: the log or the store cannot go on; the process must end without an answer to anyone.
    /// - Parameter passed: called after each step, for tests that end the process there.
    /// - Throws: `LogFailure`, `DatabaseError`, `Migrations.TooNew`, `EffectRecord.Unreadable`, `Disagreement`.
    package init(
        directory: String, settings: EngineSettings = EngineSettings(), loop: EventLoop,
        now: @escaping () -> Int64 = Engine.unixTime, disk: any Disk = KernelDisk(),
        passed: @escaping (Step) -> Void = { _ in }, failed: @escaping (any Error) -> Void
    ) throws {
        (self.settings, self.loop, self.now, self.failed, self.passed) = (settings, loop, now, failed, passed)
        let logDirectory = directory + "/log"
        if mkdir(logDirectory, 0o700) != 0, errno != EEXIST { throw SystemError("mkdir", path: logDirectory) }
        log = try DurableLog(directory: logDirectory, disk: disk)
        store = try Store(path: directory + "/documents.db", cacheKiB: settings.cacheKiB)
        reserve = Reserve(path: directory + "/reserve", bytes: settings.reserveBytes)
        guard store.position.applied <= log.end.number else {
            throw Disagreement(applied: store.position.applied, end: log.end.number)
        }
        if store.position.applied < log.end.number { try catchUpAtStart() }
        if try store.hasDropped { purgeSoon() }
    }

    /// The store has more than the log: one of them is not of this project, or was restored without the other.
    package struct Disagreement: Error, CustomStringConvertible {
        let applied: UInt64
        let end: UInt64
        package var description: String {
            "the store has applied the log up to \(applied), but the log ends at \(end): restore both from one backup"
        }
    }

    package static func unixTime() -> Int64 { WallTime.milliseconds }

    // MARK: Requests

    /// Performs an operation; `reply` is called once, now or after the current batch of events, unless the engine
    /// fails meanwhile.
    package func perform(_ operation: Operation, _ reply: @escaping Reply) {
        precondition(!isClosed, "the engine was closed")
        noteUse()
        if operation.isRead {
            if isStale { recover() }
            let result = isStale ? .failure(.storageBehind) : read(operation)
            guard store.isInTransaction else { return reply(result) }
            batch.append(Waiting(operation: operation, result: result, isLogged: false, reply: reply))
        } else {
            let (result, isLogged) = write(operation)
            guard store.isInTransaction || isLogged || !batch.isEmpty else { return reply(result) }
            batch.append(Waiting(operation: operation, result: result, isLogged: isLogged, reply: reply))
        }
        if batch.count >= settings.batchMax || log.pendingBytes >= settings.batchBytesMax { return commit() }
        guard !isScheduled else { return }
        isScheduled = true
        loop.afterBatch { [weak self] in self?.commit() }
    }

    private func write(_ operation: Operation) -> (Result<Answer, Fault>, isLogged: Bool) {
        if isBehind { recover() }
        guard !isBehind else { return (.failure(isStale ? .storageBehind : .storageFull), false) }
        guard operation.isRemoval || reserve.hold() else { return (.failure(.storageFull), false) }
        do throws(Fault) {
            if !store.isInTransaction { try attempt { try seeRoom() } }
            let decision = try attempt { try decide(operation) }
            guard !decision.effects.isEmpty else { return (.success(decision.answer), false) }
            let record = EffectRecord(time: now(), first: nextRevision, effects: decision.effects)
            let bytes = record.encoded()
            // The document goes to the log and to the store's own log, and takes some pages along.
            let taken = 2 * bytes.count + Self.pagesPerWrite
            (room, allowance) = (room - taken, allowance - taken)
            guard operation.isRemoval || min(room, allowance) > 0 else { throw .storageFull }
            if !store.isInTransaction { try attempt { try store.begin() } }
            try append(bytes, record.time, isRemoval: operation.isRemoval)
            apply(record)
            if case .dropCollection = operation { purgeSoon() }
            passed(.applied)
            return (.success(decision.answer), true)
        } catch {
            return (.failure(error), false)
        }
    }

    var nextRevision: Revision { Revision(store.position.revision.number + 1) }

    /// A full disk must be seen before the log accepts what the store then cannot take: a checkpoint, for which the
    /// file may have to grow, is what gives room back.
    private func seeRoom() throws(DatabaseError) {
        room = try roomOnDisk
        if room <= 0, try store.growth <= reserve.free {
            try checkpoint(.truncate)
            room = try roomOnDisk
        }
        if let most = settings.diskBytesMax { allowance = try most - store.used }
    }

    private var roomOnDisk: Int {
        get throws(DatabaseError) { try reserve.free - store.growth - settings.freeBytesMin }
    }

    private static let pagesPerWrite = 16 << 10

    private func append(_ bytes: [UInt8], _ time: Int64, isRemoval: Bool) throws(Fault) {
        let purpose: DurableLog.Purpose = isRemoval ? .freesRoom : .ordinary
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(LogFailure) in
                try log.append(kind: Self.recordKind, time: time, bytes, for: purpose)
            }
        }
        if case .failure(let failure) = result {
            if case .broken = failure { failed(failure) }
            throw Fault(failure)
        }
    }

    /// A record that the log has accepted; when the store cannot take it now, it must later.
    private func apply(_ record: EffectRecord) {
        guard !isBehind else { return }
        do throws(DatabaseError) {
            try store.apply(record, end: log.end.number)
        } catch {
            store.rollBack()
            isBehind = true
        }
    }

    /// Runs work on the store or in `decide`, whose errors are a request's.
    func attempt<Value>(_ work: () throws -> Value) throws(Fault) -> Value {
        do {
            return try work()
        } catch let fault as Fault {
            throw fault
        } catch let error as DatabaseError {
            throw Fault(error)
        } catch {
            throw Fault(500, "storage.failed", "The project's database could not do this.", party: .instance)
        }
    }

    // MARK: Commit

    /// Brings the batch to the disk and answers it.
    private func commit() {
        isScheduled = false
        guard !batch.isEmpty, !isClosed else { return }
        do {
            try log.commit()
        } catch {
            return failed(error)
        }
        passed(.synced)
        if store.isInTransaction {
            do throws(DatabaseError) {
                try store.commit()
            } catch {
                isBehind = store.position.applied < log.end.number
            }
        }
        let isComplete = !isBehind
        if isBehind { recover() }
        passed(.committed)
        answer(seeAgain: !isComplete)
        passed(.replied)
        maintain()
    }

    /// - Parameter seeAgain: what reads have seen was rolled back.
    private func answer(seeAgain: Bool) {
        let answered = batch
        batch = []
        for waiting in answered {
            if waiting.operation.isRead, seeAgain {
                waiting.reply(read(waiting.operation))
            } else if waiting.isLogged, isBehind {
                waiting.reply(.failure(.storageBehind))
            } else {
                waiting.reply(waiting.result)
            }
        }
        if batch.isEmpty, answered.capacity <= 64 {
            batch = answered
            batch.removeAll(keepingCapacity: true)
        }
    }

    /// Tries to bring the store to where the log is, with what the reserve gives up if need be.
    private func recover() {
        guard log.durable == log.end else { return }
        if (try? catchUp()) == nil {
            reserve.release()
            guard (try? catchUp()) != nil else { return }
        }
        (isBehind, isStale) = (false, false)
    }

    /// A full disk does not keep a process from starting: it answers when there is room to catch up.
    private func catchUpAtStart() throws {
        do {
            try catchUp()
        } catch let error as DatabaseError where error.isFull {
            (isBehind, isStale) = (true, true)
            recover()
        }
    }

    /// Applies the durable records that the store lacks.
    private func catchUp() throws {
        store.rollBack()
        let reader = LogReader(log, from: Offset(store.position.applied))
        while store.position.applied < log.durable.number {
            try store.begin()
            do {
                _ = try reader.read(bytesMax: 1 << 20) { record in
                    guard record.kind == Self.recordKind else { throw EffectRecord.Unreadable.version(record.kind) }
                    let effects = try EffectRecord(decoding: record.effect)
                    guard effects.first == nextRevision else { throw EffectRecord.Unreadable.malformed(at: 9) }
                    try store.apply(effects, end: record.offset.next.number)
                }
                try store.commit()
            } catch {
                store.rollBack()
                throw error
            }
        }
    }

    // MARK: Upkeep

    private func maintain() {
        let isFull = room <= 0 || !reserve.hold()
        guard !isBehind, isFull || store.needsCheckpoint else { return }
        do throws(DatabaseError) {
            // On a full disk the bytes of the write-ahead log are what there is to win; half a checkpoint would only
            // lose more.
            guard try store.growth <= reserve.free else { return }
            try checkpoint(isFull ? .truncate : .passive)
        } catch {
            // What could not be moved stays in the write-ahead log; without room the next write says so.
            guard error.reason == .full || error.reason == .file else { return failed(error) }
        }
        if !isPurging, (try? store.hasDropped) == true { purgeSoon() }
    }

    private func checkpoint(_ mode: Connection.CheckpointMode) throws(DatabaseError) {
        guard try store.checkpoint(mode) else { return }
        passed(.checkpointed)
        guard log.bytes >= settings.logBytesMax || mode == .truncate else { return }
        do throws(LogFailure) {
            try log.trim(below: Offset(store.position.applied))
            passed(.trimmed)
        } catch {
            if case .broken = error { failed(error) }
        }
    }

    /// Documents of dropped collections go in small steps between requests.
    func purgeSoon() {
        guard !isPurging else { return }
        isPurging = true
        loop.schedule(after: .milliseconds(1)) { [weak self] in
            guard let self, !isClosed else { return }
            isPurging = false
            guard !store.isInTransaction, !isBehind else { return purgeSoon() }
            // A full disk ends the purge; the next checkpoint takes it up again.
            if (try? store.purgeStep()) == true { purgeSoon() }
            maintain()
        }
    }

    private func noteUse() {
        lastUse = loop.now
        guard idleTimer == nil else { return }
        idleTimer = loop.schedule(after: settings.idle) { [weak self] in self?.checkIdle() }
    }

    private func checkIdle() {
        idleTimer = nil
        let quiet = EventLoop.clock() - lastUse
        guard quiet >= settings.idle else {
            idleTimer = loop.schedule(after: settings.idle - quiet) { [weak self] in self?.checkIdle() }
            return
        }
        releaseMemory()
    }

    /// Gives memory back that an idle process does not need.
    private func releaseMemory() {
        store.connection.releaseMemory()
        malloc_trim(0)
    }

    /// Commits what is open, answers it, and leaves a store that needs nothing of the log. Nothing may be asked
    /// afterwards.
    package func close() throws {
        guard !isClosed else { return }
        commit()
        isClosed = true
        if let idleTimer { loop.cancel(idleTimer) }
        do throws(DatabaseError) {
            if !isBehind { try checkpoint(.truncate) }
        } catch {
            // Not needed for what was acknowledged: the next start replays the log.
        }
        try log.close()
        store.close()
    }
}
