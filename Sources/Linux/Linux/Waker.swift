import CLinux
import Glibc

/// Lets other threads reach a loop: each `wake` leads to one run of the action on the loop's thread, or to one run
/// for several; `eventfd(2)`.
package final class Waker: Sendable {
    private let number: Int32
    private let registration: EventLoop.Registration

    private final class Handler: EventHandler {
        let number: Int32
        let action: () -> Void
        init(_ number: Int32, _ action: @escaping () -> Void) {
            (self.number, self.action) = (number, action)
        }

        func handle(_ readiness: Readiness) {
            var count: UInt64 = 0
            _ = read(number, &count, MemoryLayout<UInt64>.size)
            action()
        }
    }

    package init(on loop: EventLoop, _ action: @escaping () -> Void) throws(SystemError) {
        number = try SystemError.check("eventfd") { clinux_eventfd() }
        do {
            registration = try loop.watch(number, for: .readable, Handler(number, action))
        } catch {
            Glibc.close(number)
            throw error
        }
    }

    deinit { close(number) }

    /// From any thread.
    package func wake() {
        var one: UInt64 = 1
        _ = write(number, &one, MemoryLayout<UInt64>.size)
    }

    /// Ends it: the action is not run any more. On the loop's thread.
    package func cancel(on loop: EventLoop) { loop.unwatch(registration) }
}
