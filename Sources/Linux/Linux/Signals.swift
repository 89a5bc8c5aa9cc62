import CLinux
import Glibc

/// Signals as events of the loop; `signalfd(2)`.
///
/// They are blocked in the thread that makes this, and in threads it starts afterwards: make it first, in the main
/// thread. Children started by `ChildProcess` begin with an empty mask.
package final class Signals: EventHandler {
    private let loop: EventLoop
    private let descriptor: Descriptor
    private var registration: EventLoop.Registration?
    private var onSignal: ((Int32) -> Void)?

    package init(
        _ signals: [Int32], on loop: EventLoop, _ onSignal: @escaping (Int32) -> Void
    ) throws(SystemError) {
        (self.loop, self.onSignal) = (loop, onSignal)
        let mask = signals.reduce(UInt64(0)) { $0 | 1 << UInt64($1 - 1) }
        descriptor = Descriptor(try SystemError.check("signalfd") { clinux_signal_descriptor(mask) })
        registration = try loop.watch(descriptor.number, for: .readable, self)
    }

    /// Writing to a socket whose peer is gone then fails with EPIPE instead of ending the process.
    package static func ignoreBrokenPipe() { clinux_ignore_broken_pipe() }

    package func handle(_ readiness: Readiness) {
        while registration != nil {
            let signal = clinux_next_signal(descriptor.number)
            guard signal > 0 else { return }
            onSignal?(signal)
        }
    }

    /// The signals stay blocked.
    package func close() {
        if let registration { loop.unwatch(registration) }
        (registration, onSignal) = (nil, nil)
        descriptor.close()
    }
}
