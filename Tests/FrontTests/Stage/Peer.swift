import CLinux
import Glibc
import Linux

/// One end of a stream connection on the test's loop: collects what comes, says what it is told to.
final class Peer: EventHandler {
    let descriptor: Descriptor
    private(set) var received: [UInt8] = []
    private(set) var hasEnded = false
    private(set) var sentCount = 0
    /// Stops taking bytes, as a slow reader does.
    var isReading = true {
        didSet { if isReading { read() } }
    }
    /// After each arrival.
    var onBytes: ((Peer) -> Void)?
    private let loop: EventLoop
    private var registration: EventLoop.Registration?
    private var outbox: [UInt8] = []
    private var outboxStart = 0

    init(_ descriptor: Descriptor, on loop: EventLoop) throws {
        (self.descriptor, self.loop) = (descriptor, loop)
        registration = try loop.watch(descriptor.number, for: [.readable, .edgeTriggered], self)
    }

    convenience init(port: UInt16, on loop: EventLoop) throws {
        try self.init(try Socket.connect(to: .loopback(port: port)), on: loop)
    }

    var text: String { String(decoding: received, as: UTF8.self) }
    var isAllSent: Bool { outboxStart == outbox.count }

    func handle(_ readiness: Readiness) {
        flush()
        if isReading { read() }
    }

    private func read() {
        var block = [UInt8](repeating: 0, count: 65_536)
        while registration != nil, !hasEnded {
            let count = recv(descriptor.number, &block, block.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN { return }
            if count <= 0 { hasEnded = true } else { received += block[..<count] }
            onBytes?(self)
        }
    }

    func say(_ text: String) { say(Array(text.utf8)) }

    func say(_ bytes: [UInt8]) {
        outbox += bytes
        flush()
    }

    private func flush() {
        guard let registration else { return }
        while !isAllSent {
            let count = outbox.withUnsafeBytes {
                Glibc.send(
                    descriptor.number, $0.baseAddress! + outboxStart, min($0.count - outboxStart, 65_536),
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            guard count > 0 else { break }
            sentCount += count
            outboxStart += count
        }
        if isAllSent { (outbox, outboxStart) = ([], 0) }
        let isWaiting = !isAllSent
        try? loop.rewatch(
            registration, for: isWaiting ? [.readable, .writable, .edgeTriggered] : [.readable, .edgeTriggered])
    }

    func forget() { received = [] }

    /// As if it had just come.
    func unread(_ bytes: [UInt8]) { received = bytes + received }

    func endSending() { _ = shutdown(descriptor.number, Int32(SHUT_WR)) }

    /// Unread bytes turn this into a reset.
    func close() {
        if let registration { loop.unwatch(registration) }
        (registration, onBytes) = (nil, nil)
        hasEnded = true
        descriptor.close()
    }
}
