import KeyValues
import Linux
import Log
import Nouns

/// Keeps the log from growing without end: when it has become much longer than what it stands for, writes the keyspace
/// into a snapshot, a slice at a time between the loop's other work, and trims the log.
final class Snapshotter {
    /// Bytes of effects in the log that no snapshot covers.
    var logged: Int

    private let keyspace: Keyspace
    private let log: DurableLog
    private let commit: GroupCommit
    private let loop: EventLoop
    private var writer: SnapshotWriter?
    /// What of `logged` the snapshot under way will cover.
    private var covering = 0
    /// After a failure the next attempt waits until there is twice as much to gain.
    private var threshold = Snapshotter.loggedMin
    private var encoded: [UInt8] = []
    private var nextAttempt = Instant.zero

    private static let loggedMin = 1 << 20
    /// Between two attempts to make room: on a full disk they mostly fail.
    private static let pause = Duration.seconds(1)
    private static let sliceBytes = 256 << 10
    /// Less than this is not worth a snapshot even on a full disk.
    private static let worthwhile = 16 << 10

    init(_ keyspace: Keyspace, _ log: DurableLog, _ commit: GroupCommit, on loop: EventLoop, logged: Int) {
        (self.keyspace, self.log, self.commit, self.loop, self.logged) = (keyspace, log, commit, loop, logged)
    }

    /// Begins when the log holds more than twice the data, and more than 1 MiB.
    func consider() {
        guard writer == nil, logged > threshold, logged > 2 * keyspace.bytes else { return }
        begin()
    }

    /// The log is full: begins when that may help.
    func makeRoom() {
        guard writer == nil, logged > Self.worthwhile, logged > keyspace.bytes / 2 else { return }
        let now = EventLoop.clock()
        guard now >= nextAttempt else { return }
        nextAttempt = now + Self.pause
        begin()
    }

    func cancel() {
        guard let writer else { return }
        writer.cancel()
        self.writer = nil
        keyspace.endSnapshot()
    }

    private func begin() {
        do throws(LogFailure) {
            let writer = try SnapshotWriter(log, covering: log.end)
            self.writer = writer
            covering = logged
            keyspace.beginSnapshot()
            writeSlice(writer)
        } catch {
            failed()
        }
    }

    private func writeSlice(_ writer: SnapshotWriter) {
        guard self.writer === writer else { return }
        do {
            let isMore = try keyspace.snapshotSlice(bytesMax: Self.sliceBytes) { effect in
                encoded.removeAll(keepingCapacity: encoded.capacity <= 64 << 10)
                EffectCoding.append(effect, to: &encoded)
                try encoded.withUnsafeBytes { bytes throws in
                    try writer.append(kind: EffectCoding.recordKind, time: 0, bytes)
                }
            }
            if isMore {
                loop.schedule(after: .zero) { [weak self] in self?.writeSlice(writer) }
            } else {
                keyspace.endSnapshot()
                commit.whenDurable(below: writer.covered) { [weak self] in self?.finish(writer) }
            }
        } catch {
            failed()
        }
    }

    private func finish(_ writer: SnapshotWriter) {
        guard self.writer === writer else { return }
        do throws(LogFailure) {
            try writer.finish()
            self.writer = nil
            logged -= covering
            threshold = Self.loggedMin
            try log.trim(below: writer.covered)
        } catch {
            failed()
        }
    }

    private func failed() {
        writer?.cancel()
        writer = nil
        keyspace.endSnapshot()
        threshold = max(Self.loggedMin, 2 * logged)
    }
}
