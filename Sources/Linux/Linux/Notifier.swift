import CLinux
import Contracts
import Glibc

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

    /// Datagrams kept by `post` for a receiver that is busy or away; beyond, the oldest is dropped.
    package static let pendingMax = 64
    private static let retryMin = Duration.milliseconds(10)
    private static let retryMax = Duration.seconds(1)

    private let address: UnixPath
    private let socket: Descriptor
    private let loop: EventLoop?
    private var pending: [[UInt8]] = []
    private var retry: TimerHeap.ID?
    private var retryDelay = retryMin

    /// `path` may begin with `@` for the abstract name space. The loop is needed for `post` only.
    package init(path: String, on loop: EventLoop? = nil) throws(SystemError) {
        address = try UnixPath(path)
        self.loop = loop
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

    /// Sends one datagram of lines, and tries again for as long as the receiver is busy or away. The order is kept.
    package func post(_ lines: String...) {
        guard let loop else { preconditionFailure("a notifier without a loop cannot post") }
        let bytes = Array(lines.joined(separator: "\n").utf8)
        if pending.isEmpty, send(bytes, []) != .notNow { return }
        if pending.count == Self.pendingMax { pending.removeFirst() }
        pending.append(bytes)
        if retry == nil { retryLater(on: loop) }
    }

    /// Datagrams that `post` has not been able to send yet.
    package var pendingCount: Int { pending.count }

    private func retryLater(on loop: EventLoop) {
        retry = loop.schedule(after: retryDelay) { [weak self] in
            guard let self else { return }
            retry = nil
            while let first = pending.first, send(first, []) != .notNow {
                pending.removeFirst()
                retryDelay = Self.retryMin
            }
            guard !pending.isEmpty else { return }
            retryDelay = min(retryDelay * 2, Self.retryMax)
            retryLater(on: loop)
        }
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
