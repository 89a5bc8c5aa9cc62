import CLinux
import Glibc
import Nouns

/// Takes what happened to one watched descriptor. Called on the loop's thread only.
package protocol EventHandler: AnyObject {
    func handle(_ readiness: Readiness)
}

/// Work that was put off until the events of a turn were fetched.
package protocol LoopWork: AnyObject {
    var isWaiting: Bool { get }
    /// Does a part of it that leaves events their turn.
    func doSome()
}

/// One thread's loop over `epoll(7)`, with timers: the heart of each of our programs.
///
/// Not thread-safe: everything happens on the thread that calls `run`. Other threads reach it through `Waker` only.
/// A handler may unwatch any descriptor, its own included, at any time: events for an unwatched descriptor that were
/// already fetched are dropped by the registration's generation number.
package final class EventLoop {
    /// Names one registration; stale after `unwatch`.
    package struct Registration: Hashable, Sendable {
        fileprivate let slot: UInt32
        fileprivate let generation: UInt32
    }

    private struct Slot {
        var generation: UInt32
        var descriptor: Int32
        var handler: (any EventHandler)?
    }

    private static let batchMax = 256

    /// The moment at which the current batch of events was fetched: cheap, and good enough for deadlines.
    package private(set) var now: Instant
    package var timers = TimerHeap()
    /// Done in part in each turn, behind the events. While there is more, the loop does not wait for events, only looks
    /// for them. Its owner takes it back before it goes.
    package unowned(unsafe) var work: (any LoopWork)?

    private let epoll: Descriptor
    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private var isStopped = false
    private var afterBatch: [() -> Void] = []
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: batchMax)

    package init() throws(SystemError) {
        epoll = Descriptor(try SystemError.check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        now = Self.clock()
    }

    deinit { events.deallocate() }

    /// The boot clock, now.
    package static func clock() -> Instant { Instant(nanoseconds: clinux_boottime()) }

    /// Watches a descriptor until `unwatch`. The handler is retained.
    package func watch(
        _ descriptor: Int32, for readiness: Readiness, _ handler: any EventHandler
    ) throws(SystemError) -> Registration {
        let index: UInt32
        if let free = freeSlots.popLast() {
            index = free
        } else {
            index = UInt32(slots.count)
            slots.append(Slot(generation: 0, descriptor: -1, handler: nil))
        }
        slots[Int(index)].descriptor = descriptor
        slots[Int(index)].handler = handler
        let registration = Registration(slot: index, generation: slots[Int(index)].generation)
        do {
            try control(EPOLL_CTL_ADD, descriptor, readiness, registration)
        } catch {
            free(index)
            throw error
        }
        return registration
    }

    /// Changes what a descriptor is watched for; also re-arms a `once`.
    package func rewatch(_ registration: Registration, for readiness: Readiness) throws(SystemError) {
        guard isCurrent(registration) else { return }
        try control(EPOLL_CTL_MOD, slots[Int(registration.slot)].descriptor, readiness, registration)
    }

    /// Ends a registration. Call it before the descriptor is closed or passed to another process.
    package func unwatch(_ registration: Registration) {
        guard isCurrent(registration) else { return }
        var ignored = epoll_event()
        _ = epoll_ctl(epoll.number, EPOLL_CTL_DEL, slots[Int(registration.slot)].descriptor, &ignored)
        free(registration.slot)
    }

    /// Runs an action at a moment, or soon after. At most one wake-up per moment, none while no timer is set.
    @discardableResult
    package func schedule(at moment: Instant, _ action: @escaping () -> Void) -> TimerHeap.ID {
        timers.insert(at: moment, action)
    }

    @discardableResult
    package func schedule(after delay: Duration, _ action: @escaping () -> Void) -> TimerHeap.ID {
        timers.insert(at: Self.clock() + delay, action)
    }

    package func cancel(_ timer: TimerHeap.ID) { timers.remove(timer) }

    /// Runs an action once when the current batch of events has been handled: the place for group commits. From within
    /// such an action: in the next turn, which then does not wait.
    package func afterBatch(_ action: @escaping () -> Void) { afterBatch.append(action) }

    /// Returns after `stop`.
    package func run() throws(SystemError) {
        isStopped = false
        while !isStopped { try turn() }
    }

    /// Ends `run` after the current batch.
    package func stop() { isStopped = true }

    /// One turn: waits for events or the next timer, at most for `wait`, and handles what came.
    package func turn(wait: Duration? = nil) throws(SystemError) {
        let count = epoll_wait(epoll.number, events, Int32(Self.batchMax), timeout(wait))
        guard count >= 0 || errno == EINTR else { throw SystemError("epoll_wait") }
        now = Self.clock()
        for index in 0..<max(0, Int(count)) {
            let event = events[index]
            let registration = Registration(
                slot: UInt32(truncatingIfNeeded: event.data.u64), generation: UInt32(event.data.u64 >> 32))
            let slot = Int(registration.slot)
            guard slots[slot].generation == registration.generation, let handler = slots[slot].handler else {
                continue
            }
            handler.handle(Readiness(rawValue: event.events))
        }
        work?.doSome()
        // What is scheduled or deferred from here on waits for the next turn, so that nothing can hold the loop.
        let lastTimer = timers.lastID
        while let action = timers.popDue(at: now, upTo: lastTimer) { action() }
        guard !afterBatch.isEmpty else { return }
        let actions = afterBatch
        afterBatch = []
        for action in actions { action() }
    }

    private func timeout(_ wait: Duration?) -> Int32 {
        guard afterBatch.isEmpty, work?.isWaiting != true else { return 0 }
        var milliseconds = wait?.millisecondsRoundedUp ?? -1
        if let next = timers.next {
            let until = max(0, (next - Self.clock()).millisecondsRoundedUp)
            milliseconds = milliseconds < 0 ? until : min(milliseconds, until)
        }
        return Int32(clamping: milliseconds)
    }

    private func isCurrent(_ registration: Registration) -> Bool {
        let slot = Int(registration.slot)
        return slots[slot].generation == registration.generation && slots[slot].handler != nil
    }

    private func free(_ index: UInt32) {
        slots[Int(index)].generation &+= 1
        slots[Int(index)].handler = nil
        slots[Int(index)].descriptor = -1
        freeSlots.append(index)
    }

    private func control(
        _ operation: Int32, _ descriptor: Int32, _ readiness: Readiness, _ registration: Registration
    ) throws(SystemError) {
        var event = epoll_event()
        event.events = readiness.rawValue
        event.data.u64 = UInt64(registration.generation) << 32 | UInt64(registration.slot)
        try SystemError.check("epoll_ctl") { epoll_ctl(epoll.number, operation, descriptor, &event) }
    }
}
