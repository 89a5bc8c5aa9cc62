import Linux
import Nouns

/// Brings a log's records to the disk on an event loop: everything that the handlers of one batch of events append
/// goes with one write and one `fdatasync`, and then everyone who waits for it is told, in order.
///
/// The sync runs on the loop itself while syncs are short, and on a thread of its own as soon as they are not, so that
/// a slow disk holds nobody up who does not wait for it; `docs/decisions` has the measurements.
package final class GroupCommit {
    package enum Place: Hashable, Sendable {
        /// On the loop; to the thread when a sync has taken longer than `longSync`.
        case adaptive
        case loop
        case thread
    }

    private struct Waiter {
        var end: Offset
        var action: () -> Void
    }

    package let log: DurableLog
    private let loop: EventLoop
    private let place: Place
    private let failed: (LogFailure) -> Void
    private var waiters: [Waiter] = []
    private var waitersStart = 0
    private var isScheduled = false
    private var running: CommitJob?
    private var thread: SyncThread?
    private var isSlow = false

    /// A sync that takes longer goes to the thread the next time.
    package static let longSync = Duration.milliseconds(1)

    /// - Parameter failed: the log has failed for good; the process must end without a word to those who wait.
    package init(
        _ log: DurableLog, on loop: EventLoop, place: Place = .adaptive, failed: @escaping (LogFailure) -> Void
    ) {
        (self.log, self.loop, self.place, self.failed) = (log, loop, place, failed)
    }

    /// Appends a record, and sees to it that it becomes durable after the current batch of events.
    /// - Throws: `full`, `tooLarge`, `broken`; nothing was accepted.
    @discardableResult
    package func append(
        kind: UInt8, time: Int64, _ effect: UnsafeRawBufferPointer, for purpose: DurableLog.Purpose = .ordinary
    ) throws(LogFailure) -> Offset {
        let offset = try log.append(kind: kind, time: time, effect, for: purpose)
        schedule()
        return offset
    }

    /// Calls back when every record below `end` (as a rule: `log.end` as it is now) is durable; at once when that is so
    /// already and nobody waits before. Callbacks come in the order of the calls; none comes once the log has failed.
    package func whenDurable(below end: Offset, _ action: @escaping () -> Void) {
        guard end > log.durable || waitersStart < waiters.count else { return action() }
        waiters.append(Waiter(end: end, action: action))
    }

    private func schedule() {
        guard !isScheduled, running == nil else { return }
        isScheduled = true
        loop.afterBatch { [self] in
            isScheduled = false
            commit()
        }
    }

    private func commit() {
        guard running == nil, let job = log.takeJob() else { return }
        running = job
        if place == .loop || place == .adaptive && !isSlow {
            let start = EventLoop.clock()
            job.run()
            isSlow = EventLoop.clock() - start > Self.longSync
            finish(job)
        } else {
            do throws(SystemError) {
                if thread == nil { thread = try SyncThread(on: loop) }
                let thread = thread!
                thread.run(job) { [self] in
                    isSlow = thread.lastTook > Self.longSync
                    finish(job)
                }
            } catch {
                // No thread to be had: slower, not wrong.
                job.run()
                finish(job)
            }
        }
    }

    private func finish(_ job: CommitJob) {
        running = nil
        do throws(LogFailure) {
            try log.finish(job)
        } catch {
            failed(error)
            return
        }
        if log.end > log.durable { schedule() }
        while waitersStart < waiters.count, waiters[waitersStart].end <= log.durable {
            let action = waiters[waitersStart].action
            waitersStart += 1
            action()
        }
        if waitersStart > 0 {
            waiters.removeFirst(waitersStart)
            waitersStart = 0
        }
    }
}
