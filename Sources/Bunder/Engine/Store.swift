import Glibc
import KeyValues
import Linux
import Log
import Nouns

/// A project's keyspace in memory, and the log that it comes from and goes to.
///
/// An effect is in the log before it is applied, and nobody hears of it before it is durable: whoever answers waits
/// with `whenDurable`, reads included.
final class Store {
    /// Why effects were not accepted. Nothing of them was; everything before is safe.
    enum Rejection: Error, Hashable {
        case diskFull
        case memoryFull
        case tooLarge(bytesMax: Int)
        /// The log has failed for good; the process is about to end.
        case logFailed
    }

    let keyspace = Keyspace()
    let limits: KeyValueLimits
    let log: DurableLog
    private let loop: EventLoop
    private let commit: GroupCommit
    private let failed: (LogFailure) -> Void
    private var snapshotter: Snapshotter!
    private var expiryTimer: TimerHeap.ID?
    private var expiryMoment: Int64 = .max
    private var encoded: [UInt8] = []

    /// Deletes of expired keys that go into one record.
    private static let expiredMax = 512
    /// Expired keys are out of sight at once; their room comes back together.
    private static let expiryPause: Int64 = 100

    /// Reads what is there into memory.
    /// - Throws: `LogFailure`.
    /// - Parameter failed: the log cannot go on, and neither can the process.
    init(
        directory: String, project: ProjectID, _ settings: BunderSettings, disk: any Disk = KernelDisk(),
        on loop: EventLoop, failed: @escaping (LogFailure) -> Void
    ) throws {
        let logSettings = LogSettings(
            generation: Self.generation(of: project), recordBytesMax: settings.limits.commandMax + (8 << 20),
            bytesMax: settings.logMax)
        log = try DurableLog(directory: directory, settings: logSettings, disk: disk)
        (limits, self.loop, self.failed) = (settings.limits, loop, failed)
        commit = GroupCommit(log, on: loop, failed: failed)
        var replayed = 0
        let keyspace = keyspace
        try log.replay { record in
            replayed += record.effect.count
            guard record.kind == EffectCoding.recordKind,
                (try? EffectCoding.decode(record.effect) { keyspace.apply($0) }) != nil
            else {
                let reason = "record \(record.offset) holds no effects"
                throw LogFailure.corrupt(file: directory, position: 0, reason: reason)
            }
        }
        snapshotter = Snapshotter(
            keyspace, log, commit, on: loop, logged: max(0, replayed - keyspace.bytes))
        scheduleExpiry()
    }

    /// Milliseconds since 1970.
    static func now() -> Int64 { WallTime.milliseconds }

    /// Carries a Redis command out, all but the waiting.
    func run(_ words: [[UInt8]], for session: Session, _ server: ServerFacts) -> Reply {
        let outcome = CommandTable.run(
            words, on: keyspace, for: session, server: server, limits: limits, at: Self.now())
        guard !outcome.effects.isEmpty else { return outcome.reply }
        do throws(Rejection) {
            try accept(outcome.effects)
            return outcome.reply
        } catch {
            switch error {
            case .diskFull: return .error("MISCONF no room left on the disk; delete keys, then try again")
            case .memoryFull: return CommandTable.outOfMemory
            case .tooLarge(let bytesMax): return .error("ERR one command may change at most \(bytesMax) bytes")
            case .logFailed: return .error("MISCONF the disk failed; nothing was changed")
            }
        }
    }

    /// Logs the effects as one record and applies them.
    func accept(_ effects: [Effect]) throws(Rejection) {
        let growth = keyspace.growth(by: effects)
        guard growth <= 0 || keyspace.bytes + growth <= limits.memoryMax else { throw .memoryFull }
        try append(effects, at: Self.now())
        for effect in effects { keyspace.apply(effect) }
        scheduleExpiry()
        snapshotter.consider()
    }

    /// Calls back when everything that has been accepted so far is durable; at once when it is.
    func whenDurable(_ action: @escaping () -> Void) { commit.whenDurable(below: log.end, action) }

    /// Brings the rest to the disk and marks the end.
    func close() throws(LogFailure) {
        snapshotter.cancel()
        try log.close()
    }

    private func append(_ effects: [Effect], at now: Int64) throws(Rejection) {
        encoded.removeAll(keepingCapacity: encoded.capacity <= 64 << 10)
        for effect in effects { EffectCoding.append(effect, to: &encoded) }
        let purpose: DurableLog.Purpose = effects.allSatisfy(\.freesRoom) ? .freesRoom : .ordinary
        let result = encoded.withUnsafeBytes { bytes in
            Result { () throws(LogFailure) in
                try commit.append(kind: EffectCoding.recordKind, time: now, bytes, for: purpose)
            }
        }
        do throws(LogFailure) {
            _ = try result.get()
            snapshotter.logged += encoded.count
        } catch {
            switch error {
            case .full:
                snapshotter.makeRoom()
                throw .diskFull
            case .tooLarge(_, let bytesMax): throw .tooLarge(bytesMax: bytesMax)
            default:
                failed(error)
                throw .logFailed
            }
        }
    }

    // MARK: - Expiry

    private func scheduleExpiry() {
        guard let next = keyspace.nextExpiry, next < expiryMoment else { return }
        setExpiryTimer(to: next)
    }

    private func setExpiryTimer(to moment: Int64) {
        if let expiryTimer { loop.cancel(expiryTimer) }
        expiryMoment = moment
        let delay = max(moment - Self.now(), 0) + Self.expiryPause
        expiryTimer = loop.schedule(after: .milliseconds(delay)) { [unowned self] in expire() }
    }

    private func expire() {
        (expiryTimer, expiryMoment) = (nil, .max)
        let now = Self.now()
        let keys = keyspace.expired(at: now, max: Self.expiredMax)
        if !keys.isEmpty {
            let effects = keys.map { Effect.delete(key: $0) }
            do throws(Rejection) {
                try append(effects, at: now)
                for effect in effects { keyspace.apply(effect) }
                snapshotter.consider()
            } catch {
                // Not even the reserve has room: they stay out of sight, and are tried again.
                keyspace.postpone(keys)
                return setExpiryTimer(to: now + 1000)
            }
        }
        scheduleExpiry()
    }

    /// A log of another project, put here by mistake, is refused by it: FNV-1a over the id (Fowler, Noll, Vo).
    private static func generation(of project: ProjectID) -> UInt64 {
        project.text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
