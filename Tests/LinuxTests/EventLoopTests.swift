import CLinux
import Foundation
import Glibc
import Linux
import Nouns
import Testing

@Suite struct EventLoopTests {
    private let loop: EventLoop

    init() throws { loop = try EventLoop() }

    @Test func `drops an event of a descriptor that was unwatched in the same batch`() throws {
        let (a, b) = try Socket.pair(.stream)
        let (c, d) = try Socket.pair(.stream)
        var registrations: [EventLoop.Registration] = []
        var calls = 0
        let watcher = Watcher { [loop] _ in
            calls += 1
            for registration in registrations { loop.unwatch(registration) }
        }
        registrations = [
            try loop.watch(a.number, for: .readable, watcher), try loop.watch(c.number, for: .readable, watcher),
        ]
        for socket in [b, d] { #expect(write(socket.number, "x", 1) == 1) }
        try loop.turn(wait: .zero)
        #expect(calls == 1)
    }

    @Test func `does not mistake a new registration for an old one in its slot`() throws {
        let (a, b) = try Socket.pair(.stream)
        let old = try loop.watch(a.number, for: .readable, Watcher { _ in })
        loop.unwatch(old)
        var calls = 0
        let new = try loop.watch(a.number, for: .readable, Watcher { _ in calls += 1 })
        loop.unwatch(old)
        #expect(write(b.number, "x", 1) == 1)
        try loop.turn(wait: .zero)
        #expect(calls == 1)
        #expect(old != new)
    }

    @Test func `reports a once-watched descriptor once until it is re-armed`() throws {
        let (a, b) = try Socket.pair(.stream)
        var calls = 0
        let registration = try loop.watch(a.number, for: [.readable, .once], Watcher { _ in calls += 1 })
        #expect(write(b.number, "x", 1) == 1)
        try loop.turn(wait: .zero)
        try loop.turn(wait: .zero)
        #expect(calls == 1)
        try loop.rewatch(registration, for: [.readable, .once])
        try loop.turn(wait: .zero)
        #expect(calls == 2)
    }

    @Test func `frees a slot when a descriptor cannot be watched`() throws {
        #expect { try loop.watch(-1, for: .readable, Watcher { _ in }) } throws: { ($0 as? SystemError)?.code == EBADF }
        let (a, b) = try Socket.pair(.stream)
        var calls = 0
        _ = try loop.watch(a.number, for: .readable, Watcher { _ in calls += 1 })
        b.close()
        try loop.turn(wait: .zero)
        #expect(calls == 1)
    }

    @Test func `fires timers in order and waits for the first only`() throws {
        var fired: [String] = []
        let begin = EventLoop.clock()
        loop.schedule(after: .milliseconds(30)) { fired.append("30") }
        loop.schedule(after: .milliseconds(10)) { fired.append("10") }
        let cancelled = loop.schedule(after: .milliseconds(20)) { fired.append("20") }
        loop.cancel(cancelled)
        try loop.turn { fired.count == 2 }
        #expect(fired == ["10", "30"])
        #expect(EventLoop.clock() - begin >= .milliseconds(30))
    }

    @Test func `is not held by an action that schedules itself anew for now`() throws {
        var runs = 0
        func again() {
            runs += 1
            loop.schedule(at: loop.now) { again() }
        }
        loop.schedule(at: .zero) { again() }
        for turn in 1...3 {
            try loop.turn()
            #expect(runs == turn)
        }
    }

    @Test func `runs what was deferred behind the batch, and what that defers in the next turn`() throws {
        var order: [String] = []
        let (a, b) = try Socket.pair(.stream)
        _ = try loop.watch(
            a.number, for: [.readable, .once],
            Watcher { [loop] _ in
                loop.afterBatch {
                    order.append("after")
                    loop.afterBatch { order.append("next turn") }
                }
                order.append("event")
            })
        #expect(write(b.number, "x", 1) == 1)
        try loop.turn()
        #expect(order == ["event", "after"])
        try loop.turn()
        #expect(order == ["event", "after", "next turn"])
    }

    @Test func `wakes for another thread`() throws {
        var wakes = 0
        let waker = try Waker(on: loop) { wakes += 1 }
        Thread.detachNewThread {
            waker.wake()
            waker.wake()
        }
        try loop.turn { wakes > 0 }
        waker.cancel(on: loop)
        let before = wakes
        waker.wake()
        try loop.turn(wait: .zero)
        #expect(wakes == before)
    }

    @Test func `reads signals as events`() throws {
        var seen: [Int32] = []
        let signals = try Signals([SIGUSR1, SIGHUP], on: loop) { seen.append($0) }
        pthread_kill(pthread_self(), SIGUSR1)
        pthread_kill(pthread_self(), SIGHUP)
        try loop.turn { seen.count == 2 }
        #expect(Set(seen) == [SIGUSR1, SIGHUP])
        signals.close()
        var mask = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, SIGUSR1)
        sigaddset(&mask, SIGHUP)
        pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    }

    @Test func `draws random words and tokens`() {
        #expect(Random.word() != Random.word())
        #expect(Random.token() != Random.token())
        #expect(Random.bytes(33).count == 33)
        #expect(Set(Random.bytes(1000)).count > 200)
    }
}
