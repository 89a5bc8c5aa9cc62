import CLinux
import Contracts
import Glibc
import Nouns

/// The sending end of `NOTIFY_SOCKET`, by hand: systemd's library would double a small program's start time and memory.
///
/// The path is addressed anew each time, so that a receiver that was restarted and bound again is reached.
package final class Notifier {
    /// What a datagram met.
    package enum Outcome: Hashable, Sendable {
        case sent
        /// The receiver's queue is full, or nobody is bound to the path now: worth trying again.
        case notNow
        case failed(SystemError)
    }

    /// Datagrams kept by `post` for a receiver that is busy or away, unless said otherwise; beyond, the oldest is
    /// dropped.
    package static let pendingMax = 64
    private static let retryMin = Duration.milliseconds(10)
    private static let retryMax = Duration.seconds(1)

    private struct Datagram {
        var bytes: [UInt8]
        var descriptors: [Descriptor]
    }

    private let address: UnixPath
    private let socket: Descriptor
    private let loop: EventLoop?
    private let pendingMax: Int
    private var pending: [Datagram] = []
    private var retry: TimerHeap.ID?
    private var retryDelay = retryMin
    /// Datagrams that `post` gave up.
    package private(set) var droppedCount = 0

    /// `path` may begin with `@` for the abstract name space. The loop is needed for `post` only.
    package init(path: String, on loop: EventLoop? = nil, pendingMax: Int = pendingMax) throws(SystemError) {
        address = try UnixPath(path)
        (self.loop, self.pendingMax) = (loop, pendingMax)
        let form = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        socket = Descriptor(try SystemError.check("socket") { Glibc.socket(AF_UNIX, form, 0) })
    }

    /// What the environment names in `NOTIFY_SOCKET`; nil when it names nothing.
    package static func fromEnvironment(on loop: EventLoop? = nil) throws(SystemError) -> Notifier? {
        guard let path = getenv(ChildEnvironment.notifySocket), path[0] != 0 else { return nil }
        return try Notifier(path: String(cString: path), on: loop)
    }

    /// Sends one datagram of lines (`READY=1`) now, or not at all.
    package func send(_ lines: String..., descriptors: [Descriptor] = []) -> Outcome {
        send(Array(lines.joined(separator: "\n").utf8), descriptors)
    }

    /// Sends one datagram of lines, and tries again for as long as the receiver is busy or away. The order is kept. A
    /// datagram one of whose descriptors was closed before it could be sent is dropped.
    package func post(_ lines: String..., descriptors: [Descriptor] = []) {
        post(Array(lines.joined(separator: "\n").utf8), descriptors: descriptors)
    }

    /// The same with a datagram of any form.
    package func post(_ bytes: [UInt8], descriptors: [Descriptor] = []) {
        guard let loop else { preconditionFailure("a notifier without a loop cannot post") }
        if pending.isEmpty {
            switch send(bytes, descriptors) {
            case .sent: return
            case .failed:
                droppedCount += 1
                return
            case .notNow: break
            }
        }
        if pending.count == pendingMax {
            pending.removeFirst()
            droppedCount += 1
        }
        pending.append(Datagram(bytes: bytes, descriptors: descriptors))
        if retry == nil { retryLater(on: loop) }
    }

    /// Sends what waits, for a program that is about to end: tries for so long.
    package func flush(for patience: Duration) {
        let deadline = EventLoop.clock() + patience
        while !pending.isEmpty, EventLoop.clock() < deadline {
            if sendPending() { usleep(1000) }
        }
    }

    /// Datagrams that `post` has not been able to send yet.
    package var pendingCount: Int { pending.count }

    private func retryLater(on loop: EventLoop) {
        retry = loop.schedule(after: retryDelay) { [weak self] in
            guard let self else { return }
            retry = nil
            guard sendPending() else { return }
            retryDelay = min(retryDelay * 2, Self.retryMax)
            retryLater(on: loop)
        }
    }

    /// Whether some is left, because the receiver takes no more now.
    private func sendPending() -> Bool {
        var sent = 0
        defer { pending.removeFirst(sent) }
        while sent < pending.count {
            switch send(pending[sent].bytes, pending[sent].descriptors) {
            case .notNow: return true
            case .failed: droppedCount += 1
            case .sent: break
            }
            sent += 1
            retryDelay = Self.retryMin
        }
        return false
    }

    private func send(_ bytes: [UInt8], _ descriptors: [Descriptor]) -> Outcome {
        let numbers = descriptors.map(\.number)
        let count = address.withKernelForm { name, length in
            clinux_send_packet(socket.number, bytes, bytes.count, numbers, numbers.count, name, length)
        }
        if count >= 0 { return .sent }
        switch errno {
        case EAGAIN, ENOBUFS, ENOMEM, ECONNREFUSED, ENOENT, ETOOMANYREFS: return .notNow
        default: return .failed(SystemError("sendmsg", path: address.text))
        }
    }
}
