import CLinux
import Glibc

/// One datagram that came to a notify socket: lines of `KEY=VALUE`; `sd_notify(3)`.
package struct Notice {
    package let text: String
    /// The sender, as the kernel vouches for it.
    package let sender: PeerCredentials
    /// What came with `FDSTORE=1`.
    package let descriptors: [Descriptor]

    /// The value of the last line of that key, as systemd reads it.
    package subscript(_ key: String) -> Substring? {
        for line in text.utf8.split(separator: UInt8(ascii: "\n")).reversed() {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
            if line[..<equals].elementsEqual(key.utf8) {
                return Substring(line[line.index(after: equals)...])
            }
        }
        return nil
    }
}

/// The receiving end of `NOTIFY_SOCKET`: a datagram socket at a path.
///
/// A datagram that is longer than 4096 bytes (systemd's own limit), holds no UTF-8, has more than 16 descriptors or no
/// sender is dropped. At most 10 wait in the kernel (`net.unix.max_dgram_qlen`); a sender then waits or tries again.
package final class NotifyReceiver: EventHandler {
    package static let bytesMax = 4096
    private static let batchMax = 32

    package let path: String
    /// Datagrams that were not of the form, for the log.
    package private(set) var droppedCount = 0

    private let loop: EventLoop
    package let descriptor: Descriptor
    private var registration: EventLoop.Registration?
    private var onNotice: ((Notice) -> Void)?

    /// Binds at the path, removing a socket that was left there. Who may write to the file (`mode`) may send.
    package init(
        at path: String, mode: UInt32 = 0o600, on loop: EventLoop, _ onNotice: @escaping (Notice) -> Void
    ) throws(SystemError) {
        (self.path, self.loop, self.onNotice) = (path, loop, onNotice)
        descriptor = try Socket.datagrams(at: path, mode: mode)
        registration = try loop.watch(descriptor.number, for: .readable, self)
    }

    /// Goes on with a socket that was bound at the path before, by another life of this program: what was sent
    /// meanwhile waits in it. Throws EINVAL when it is another socket.
    package init(
        _ descriptor: Descriptor, at path: String, on loop: EventLoop, _ onNotice: @escaping (Notice) -> Void
    ) throws(SystemError) {
        (self.path, self.loop, self.onNotice) = (path, loop, onNotice)
        self.descriptor = descriptor
        guard Socket.localPath(of: descriptor) == path else {
            throw SystemError("getsockname", code: EINVAL, path: path)
        }
        registration = try loop.watch(descriptor.number, for: .readable, self)
    }

    package func handle(_ readiness: Readiness) {
        for _ in 0..<Self.batchMax {
            guard registration != nil, receiveOne() else { return }
        }
    }

    /// Hands over what has already arrived: call it when the sender has exited, before its exit is judged.
    package func drain() {
        while registration != nil, receiveOne() {}
    }

    /// Stops receiving and removes the path. What still waits is lost.
    package func close() {
        guard let registration else { return }
        loop.unwatch(registration)
        (self.registration, onNotice) = (nil, nil)
        descriptor.close()
        try? Socket.removeSocket(at: path)
    }

    /// Whether there may be more.
    private func receiveOne() -> Bool {
        var received = clinux_received()
        var text: String?
        var isEmptyQueue = false
        withUnsafeTemporaryAllocation(byteCount: Self.bytesMax, alignment: 16) { buffer in
            let count = clinux_receive_packet(descriptor.number, buffer.baseAddress, buffer.count, &received)
            isEmptyQueue = count < 0
            if count > 0 { text = String(validating: buffer[..<count], as: UTF8.self) }
        }
        guard !isEmptyQueue else { return false }
        let descriptors = received.taken
        guard let text, received.has_sender, !received.is_truncated else {
            droppedCount += 1
            return true
        }
        let sender = PeerCredentials(pid: received.pid, uid: received.uid, gid: received.gid)
        onNotice?(Notice(text: text, sender: sender, descriptors: descriptors))
        return true
    }
}
