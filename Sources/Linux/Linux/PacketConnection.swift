import CLinux
import Contracts
import Glibc

/// A `SOCK_SEQPACKET` connection that carries messages, with descriptors where the message says so.
///
/// What the kernel has no room for waits in a queue with a limit; a peer that lets it overflow loses the connection.
/// The loop keeps a connection alive until it has ended. Callbacks are made from the loop only, never from within
/// `send` or `close`.
package final class PacketConnection: EventHandler {
    /// How much may wait for a slow peer.
    package struct Limits: Hashable, Sendable {
        package var queueBytesMax = 1 << 20
        package var queuePacketsMax = 1024
        package init() {}
    }

    /// Why a connection ended.
    package enum Ending: Hashable, Sendable {
        case peerClosed
        /// The peer did not read for too long.
        case overflowed
        /// The peer sent what is no message, is longer than one, or has more descriptors than allowed.
        case malformed(String)
        case failed(SystemError)
    }

    /// Descriptors that one packet may carry.
    package static let descriptorsMax = CLINUX_DESCRIPTORS_MAX
    /// Packets read in a row, so that others have their turn.
    private static let batchMax = 64

    /// Each packet that came, with its descriptors.
    package var onMessage: ((Message, [Descriptor]) -> Void)?
    /// Once, when the connection ended by itself. Not called after `close`.
    package var onClosed: ((Ending) -> Void)?
    /// The queue was not empty and is now: the moment to send on for those who feed a long table through.
    package var onDrained: (() -> Void)?

    package private(set) var isOpen = true
    package private(set) var queuedBytes = 0
    package var queuedPackets: Int { queue.count - queueStart }

    private struct Packet {
        var bytes: [UInt8]
        var descriptors: [Descriptor]
    }

    private let loop: EventLoop
    private let limits: Limits
    private let descriptor: Descriptor
    private var registration: EventLoop.Registration?
    private var queue: [Packet] = []
    /// Packets before this index have been sent.
    private var queueStart = 0
    /// Set by `send` when the connection cannot go on; told to the owner from the loop.
    private var ending: Ending?

    /// Takes the connected socket over and reads from now on: set `onMessage` and `onClosed` before the loop turns.
    package init(
        _ descriptor: Descriptor, on loop: EventLoop, limits: Limits = Limits()
    ) throws(SystemError) {
        (self.descriptor, self.loop, self.limits) = (descriptor, loop, limits)
        registration = try loop.watch(descriptor.number, for: .readable, self)
    }

    /// Who is at the other end.
    package var peer: PeerCredentials? { isOpen ? try? PeerCredentials(of: descriptor) : nil }

    /// Sends a message, now or when the peer has read enough. The descriptors are kept open until it is sent.
    /// Does nothing when the connection has ended. A message longer than `Message.bytesMax` is a defect of the caller.
    package func send(_ message: Message, _ descriptors: [Descriptor] = []) {
        precondition(
            descriptors.count <= Self.descriptorsMax, "at most \(Self.descriptorsMax) descriptors in a packet"
        )
        guard isOpen, ending == nil else { return }
        let packet = Packet(bytes: message.encoded(), descriptors: descriptors)
        precondition(
            packet.bytes.count <= Message.bytesMax, "a message of more than \(Message.bytesMax) bytes")
        if queuedPackets == 0, attempt(packet) { return }
        guard ending == nil else { return }
        guard queuedPackets < limits.queuePacketsMax, queuedBytes + packet.bytes.count <= limits.queueBytesMax
        else {
            return endSoon(.overflowed)
        }
        queue.append(packet)
        queuedBytes += packet.bytes.count
        if queuedPackets == 1 { rewatch(for: [.readable, .writable]) }
    }

    /// Ends the connection now. What is queued is not sent; `onClosed` is not called.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        if let registration { loop.unwatch(registration) }
        registration = nil
        descriptor.close()
        queue = []
        (queueStart, queuedBytes) = (0, 0)
        (onMessage, onClosed, onDrained) = (nil, nil, nil)
    }

    package func handle(_ readiness: Readiness) {
        if readiness.contains(.writable) { sendQueued() }
        if isOpen { receive() }
    }

    // MARK: Sending

    /// True when the packet is sent; false when there is no room, or the connection cannot go on (`ending`).
    private func attempt(_ packet: Packet) -> Bool {
        let numbers = packet.descriptors.map(\.number)
        let count = clinux_send_packet(
            descriptor.number, packet.bytes, packet.bytes.count, numbers, numbers.count, nil, 0)
        if count >= 0 { return true }
        switch errno {
        // ETOOMANYREFS: too many descriptors of this user are on their way; some arrive, then there is room again.
        case EAGAIN, ENOBUFS, ENOMEM, ETOOMANYREFS: break
        case EPIPE, ECONNRESET: endSoon(.peerClosed)
        default: endSoon(.failed(SystemError("sendmsg")))
        }
        return false
    }

    private func sendQueued() {
        guard queuedPackets > 0 else { return }
        while queuedPackets > 0, ending == nil, attempt(queue[queueStart]) {
            queuedBytes -= queue[queueStart].bytes.count
            queue[queueStart] = Packet(bytes: [], descriptors: [])
            queueStart += 1
        }
        if queuedPackets == 0 {
            queue = []
            queueStart = 0
            rewatch(for: .readable)
            onDrained?()
        } else if queueStart > 64, queueStart > queue.count / 2 {
            queue.removeFirst(queueStart)
            queueStart = 0
        }
    }

    /// Ends the connection behind the current batch, when what the peer sent before has been handled.
    private func endSoon(_ reason: Ending) {
        guard ending == nil else { return }
        ending = reason
        loop.afterBatch { [self] in
            while isOpen, receiveOne() {}
            end(reason)
        }
    }

    private func end(_ reason: Ending) {
        guard isOpen else { return }
        let told = onClosed
        close()
        told?(reason)
    }

    private func rewatch(for readiness: Readiness) {
        guard let registration else { return }
        do {
            try loop.rewatch(registration, for: readiness)
        } catch {
            endSoon(.failed(error))
        }
    }

    // MARK: Receiving

    private func receive() {
        for _ in 0..<Self.batchMax {
            guard isOpen, receiveOne() else { return }
        }
    }

    /// Whether there may be more.
    private func receiveOne() -> Bool {
        var received = clinux_received()
        var bytes: [UInt8] = []
        var count = 0
        withUnsafeTemporaryAllocation(byteCount: Message.bytesMax, alignment: 16) { buffer in
            count = clinux_receive_packet(descriptor.number, buffer.baseAddress, buffer.count, &received)
            if count > 0 { bytes = Array(buffer[..<count]) }
        }
        guard count >= 0 else { return receiveFailed(errno) }
        let descriptors = received.taken
        guard count > 0 else {
            end(.peerClosed)
            return false
        }
        guard !received.is_truncated else {
            end(.malformed("a packet longer than \(Message.bytesMax) bytes or with too many descriptors"))
            return false
        }
        do throws(Message.Malformed) {
            let message = try Message(decoding: bytes)
            onMessage?(message, descriptors)
            return true
        } catch {
            end(.malformed(error.reason))
            return false
        }
    }

    private func receiveFailed(_ code: Int32) -> Bool {
        switch code {
        case EAGAIN: return false
        // The peer closed without reading all that we sent; what it sent itself is still there to be read.
        case ECONNRESET: return true
        default:
            end(.failed(SystemError("recvmsg", code: code)))
            return false
        }
    }
}

extension clinux_received {
    /// The descriptors that came, owned.
    var taken: [Descriptor] {
        guard descriptor_count > 0 else { return [] }
        return withUnsafeBytes(of: descriptors) { bytes in
            bytes.bindMemory(to: Int32.self).prefix(Int(descriptor_count)).map { Descriptor($0) }
        }
    }
}
