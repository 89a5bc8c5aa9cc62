import Glibc

/// Accepts connections on a listening socket.
///
/// At most 64 in a row, so that a flood of connections leaves the loop's other descriptors their turn. When the
/// process has no descriptor left, it pauses for 100 ms: the connections wait in the kernel's queue.
package final class Listener: EventHandler {
    package static let batchMax = 64
    package static let pause = Duration.milliseconds(100)

    package let descriptor: Descriptor
    private let loop: EventLoop
    private var onConnection: ((Descriptor) -> Void)?
    private var registration: EventLoop.Registration?
    private var resumption: TimerHeap.ID?

    /// Takes the descriptor over and accepts from now on; the loop keeps the listener alive until `close`.
    package init(
        _ descriptor: Descriptor, on loop: EventLoop, _ onConnection: @escaping (Descriptor) -> Void
    ) throws(SystemError) {
        (self.descriptor, self.loop, self.onConnection) = (descriptor, loop, onConnection)
        registration = try loop.watch(descriptor.number, for: [.readable, .exclusive], self)
    }

    package func handle(_ readiness: Readiness) {
        for _ in 0..<Self.batchMax {
            do {
                guard registration != nil, let connection = try Socket.accept(from: descriptor) else {
                    return
                }
                onConnection?(connection)
            } catch {
                switch error.code {
                case EMFILE, ENFILE, ENOBUFS, ENOMEM: pauseAccepting()
                // The socket was shut down by someone who holds it too.
                default: stopAccepting()
                }
                return
            }
        }
    }

    /// Stops accepting and closes this process's copy of the socket. Connections that wait stay with other copies.
    package func close() {
        release().close()
    }

    /// Stops accepting and gives the socket back, open.
    package func release() -> Descriptor {
        stopAccepting()
        if let resumption { loop.cancel(resumption) }
        (resumption, onConnection) = (nil, nil)
        return descriptor
    }

    private func stopAccepting() {
        if let registration { loop.unwatch(registration) }
        registration = nil
    }

    private func pauseAccepting() {
        stopAccepting()
        resumption = loop.schedule(after: Self.pause) { [self] in
            resumption = nil
            registration = try? loop.watch(descriptor.number, for: [.readable, .exclusive], self)
            if registration == nil { pauseAccepting() }
        }
    }
}
