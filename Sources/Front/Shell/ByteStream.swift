import CLinux
import Glibc
import Linux
import Nouns
import Routing
import TLS
import Telemetry

/// Takes what happens to a stream. Called on the loop's thread, never from within the stream's own methods.
protocol ByteStreamOwner: AnyObject {
    /// There may be bytes, or an end, to read.
    func streamIsReadable()
    /// All that waited to be sent has left.
    func streamDrained()
    /// Both directions are over: the peer is gone, though bytes of it may still be there to read.
    func streamHungUp()
    /// An attempt to connect has an outcome.
    func streamConnected(_ error: Int32)
}

extension ByteStreamOwner {
    func streamConnected(_ error: Int32) {}
}

/// A connected stream socket: reads into a buffer of its owner's, sends at once what the kernel has room for, and keeps
/// the rest.
///
/// Edge-triggered and registered once; writing is watched only while something is kept. The kept bytes have no limit
/// here: owners stop feeding a stream that is `isBlocked`.
final class ByteStream: EventHandler, TLSTransport {
    enum Reading {
        case bytes(Int)
        /// None for now.
        case nothing
        /// The peer sends no more.
        case end
        case failed

        /// No bytes follow this one.
        fileprivate var isLast: Bool { if case .bytes = self { false } else { true } }
    }

    /// Strong: the owner lets go by `close` or `release`.
    var owner: (any ByteStreamOwner)?
    /// Bytes may have come since the last read that left none.
    private(set) var isReadable = true
    /// The peer sends no more; known since the end was read.
    private(set) var hasEnded = false
    /// The end stands behind the bytes that are there.
    private(set) var isEndDue = false
    /// Something waits to be sent.
    var isBlocked: Bool { keptStart < kept.count }
    var keptCount: Int { kept.count - keptStart }
    /// Bytes that the kernel has taken.
    private(set) var sentCount: UInt64 = 0
    /// Bytes that were read.
    private(set) var receivedCount: UInt64 = 0

    private let loop: EventLoop
    private let descriptor: Descriptor
    private var registration: EventLoop.Registration?
    private var kept: [UInt8] = []
    private var keptStart = 0
    /// The client's, as far as it counts; nil for one that is not counted.
    var address: ClientAddress?
    /// Where the kept bytes are counted.
    var memory: MemoryGauge?
    private var counted = 0
    private var isConnecting: Bool
    private var isWatchedForRoom: Bool
    /// What goes over the socket is encrypted.
    private var tls: TLSSession?
    /// The socket has no more for now; told to `tls`, which reads from it.
    private var isSocketEmpty = false
    private static let watched: Readiness = [.readable, .peerClosed, .edgeTriggered]

    /// Takes the descriptor over.
    ///
    /// - Parameter isConnecting: `streamConnected` follows.
    init(
        _ descriptor: Descriptor, on loop: EventLoop, isConnecting: Bool = false
    ) throws(SystemError) {
        (self.descriptor, self.loop, self.isConnecting) = (descriptor, loop, isConnecting)
        isWatchedForRoom = isConnecting
        registration = try loop.watch(
            descriptor.number, for: isConnecting ? [Self.watched, .writable] : Self.watched, self)
    }

    var isOpen: Bool { registration != nil }

    /// The peer's address; nil for a unix socket.
    var peerAddress: IPAddress? {
        guard let address = try? Socket.remoteAddress(of: descriptor) else { return nil }
        return IPAddress(address.host)
    }

    func handle(_ readiness: Readiness) {
        if isConnecting {
            guard readiness.hasRoom || readiness.isOver else { return }
            isConnecting = false
            let error = Socket.pendingError(of: descriptor)
            if error == 0 { watch() }
            owner?.streamConnected(error)
            guard error == 0, isOpen else { return }
        }
        if readiness.hasRoom, isBlocked {
            flush()
            if isOpen, !isBlocked { owner?.streamDrained() }
        } else if readiness.hasRoom, let tls, tls.isWaitingToWrite {
            isReadable = true
            owner?.streamIsReadable()
            if isOpen { watch() }
        }
        if isOpen, readiness.hasInput {
            (isReadable, isSocketEmpty) = (true, false)
            if readiness.hasEnd { isEndDue = true }
            owner?.streamIsReadable()
        }
        if isOpen, readiness.isOver { owner?.streamHungUp() }
    }

    // MARK: Reading

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Reading {
        guard isOpen, !hasEnded else { return .end }
        let (reading, isEmptied) = next(into: buffer)
        // An end that was announced with the bytes is not announced again.
        if isEmptied, !isEndDue || reading.isLast { isReadable = false }
        switch reading {
        case .bytes(let count): receivedCount += UInt64(count)
        case .end: hasEnded = true
        case .nothing, .failed: break
        }
        return reading
    }

    /// Whether the peer has neither ended nor said anything: asked before a request that cannot be repeated is sent on
    /// a connection that was idle.
    var isQuiet: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor.number, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count < 0 && errno == EAGAIN
    }

    // MARK: The socket

    /// Takes bytes that the peer sent. `isEmptied`: none are left for now.
    private func next(into buffer: UnsafeMutableRawBufferPointer) -> (Reading, isEmptied: Bool) {
        guard let tls else { return take(into: buffer) }
        switch tls.read(into: buffer) {
        case .bytes(let count): return (.bytes(count), isSocketEmpty && !tls.hasPending)
        case .wait:
            if tls.isWaitingToWrite { watch() }
            return (.nothing, true)
        case .end: return (.end, true)
        case .failed: return (.failed, true)
        }
    }

    /// How many bytes have left or are on their way; nil when the stream has failed.
    private func put(_ bytes: UnsafeRawBufferPointer) -> Int? {
        if let tls { tls.write(bytes) } else { give(bytes) }
    }

    /// Takes bytes from the socket: the one place where that happens. `isEmptied`: none are left for now.
    private func take(into buffer: UnsafeMutableRawBufferPointer) -> (Reading, isEmptied: Bool) {
        while true {
            let count = clinux_receive(descriptor.number, buffer.baseAddress, buffer.count)
            // A short read emptied the socket.
            if count > 0 { return (.bytes(count), count < buffer.count) }
            if count == 0 { return (.end, true) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return (.nothing, true)
            default: return (.failed, true)
            }
        }
    }

    /// Gives bytes to the socket: the one place where that happens. How many the kernel took; nil when the stream has
    /// failed.
    private func give(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var sent = 0
        while sent < bytes.count {
            let count = clinux_send(descriptor.number, bytes.baseAddress! + sent, bytes.count - sent)
            if count >= 0 {
                sent += count
                sentCount += UInt64(count)
            } else if errno == EAGAIN {
                break
            } else if errno != EINTR {
                return nil
            }
        }
        return sent
    }

    /// What has come, without taking it. Only before anything has been taken.
    func peek(into buffer: UnsafeMutableRawBufferPointer) -> Reading {
        let count = recv(descriptor.number, buffer.baseAddress, buffer.count, Int32(MSG_PEEK | MSG_DONTWAIT))
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        return errno == EAGAIN || errno == EINTR ? .nothing : .failed
    }

    /// Takes bytes that `peek` showed.
    func drop(_ count: Int, using buffer: UnsafeMutableRawBufferPointer) {
        _ = take(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    }

    // MARK: TLS

    /// What was agreed on in the handshake; nil for nothing, and without TLS.
    var applicationProtocol: TLSSession.ApplicationProtocol? { tls?.applicationProtocol }

    var isSecure: Bool { tls != nil }

    /// How the handshake went, once it is done; nil without TLS.
    var handshake: Handshake? { tls.map { Handshake(version: $0.version, isResumed: $0.isResumed) } }

    /// From now on all that is read and sent is encrypted, once `shake` says that it is done.
    func secure(
        _ context: TLSContext, offering protocols: [TLSSession.ApplicationProtocol]
    ) throws(TLSError) {
        tls = try context.session(over: self, offering: protocols)
    }

    /// Goes on with the handshake; false when it has failed.
    func shake() -> TLSSession.Progress {
        guard isOpen, let tls else { return .failed(TLSError("the stream is not encrypted")) }
        let progress = tls.shake()
        watch()
        return progress
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TLSTransfer {
        guard isOpen else { return .failed }
        guard !isSocketEmpty else { return .wait }
        let (reading, isEmptied) = take(into: buffer)
        // An end that was announced with the bytes is not announced again.
        if isEmptied, !isEndDue || reading.isLast { isSocketEmpty = true }
        switch reading {
        case .bytes(let count): return .bytes(count)
        case .nothing: return .wait
        case .end:
            // It stays so: nothing is announced any more.
            isSocketEmpty = false
            return .end
        case .failed: return .failed
        }
    }

    func transmit(_ bytes: UnsafeRawBufferPointer) -> TLSTransfer {
        guard isOpen, let count = give(bytes) else { return .failed }
        return count == 0 ? .wait : .bytes(count)
    }

    // MARK: Sending

    /// Sends or keeps all of it; false when the stream has failed.
    func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard isOpen else { return false }
        guard !isBlocked, !isConnecting else {
            kept += bytes
            count()
            return true
        }
        guard let count = put(bytes) else { return false }
        if count < bytes.count {
            kept = Array(bytes[count...])
            keptStart = 0
            self.count()
            watch()
        }
        return true
    }

    func send(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { send($0) } }

    private func count() {
        memory?.bytes += keptCount - counted
        counted = keptCount
    }

    private func flush() {
        defer { self.count() }
        let count = kept.withUnsafeBytes { put(UnsafeRawBufferPointer(rebasing: $0[keptStart...])) }
        guard let count else {
            (kept, keptStart) = ([], 0)
            watch()
            return owner?.streamHungUp() ?? ()
        }
        keptStart += count
        if !isBlocked {
            (kept, keptStart) = ([], 0)
            watch()
        }
    }

    /// Watches for room only while something is kept: unix sockets announce it with each message the peer reads.
    private func watch() {
        guard let registration else { return }
        let isWaiting = isBlocked || isConnecting || tls?.isWaitingToWrite == true
        guard isWaiting != isWatchedForRoom else { return }
        isWatchedForRoom = isWaiting
        try? loop.rewatch(registration, for: isWaiting ? [Self.watched, .writable] : Self.watched)
    }

    // MARK: Ending

    /// Sends no more; the peer reads an end behind what was sent.
    func shutDownSending() {
        tls?.sayGoodbye()
        _ = shutdown(descriptor.number, Int32(SHUT_WR))
    }

    func close() {
        if isOpen, !isBlocked { tls?.sayGoodbye() }
        _ = release()
        descriptor.close()
    }

    /// Lets go of the descriptor, which stays open, and of the owner.
    func release() -> Descriptor {
        if let registration { loop.unwatch(registration) }
        (registration, owner) = (nil, nil)
        (kept, keptStart) = ([], 0)
        count()
        return descriptor
    }
}
