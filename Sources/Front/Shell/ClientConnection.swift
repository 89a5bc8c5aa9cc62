import Contracts
import HTTP
import Linux
import Nouns
import Routing

/// A client's connection: finds its requests, one after the other, and writes their answers in the same order.
final class ClientConnection: ByteStreamOwner, ExchangeClient, ClientPresence, Runnable {
    /// Reads in a row before others have their turn.
    private static let readsMax = 4
    /// Bytes that are read and dropped after the last answer, so that the client can read it.
    private static let lingerBytesMax = 1 << 20
    private static let lingerMax = Duration.seconds(2)

    /// When something must have happened.
    struct Deadline {
        enum Reason {
            /// The first byte of the first request, or of the next one.
            case idle
            /// The end of a head.
            case head
            /// Enough of a body, behind so many bytes.
            case body(received: UInt64)
            /// The first bytes of an answer.
            case answer
            /// Some byte of another protocol, in either direction.
            case tunnel
            /// The client must take enough of what is kept for it.
            case write(sent: UInt64)
            /// The client must close.
            case linger
        }
        var moment: Instant
        var reason: Reason
    }

    enum Phase {
        /// A request's head is read, or awaited. Leaves to `exchanging` or `closing`.
        case reading
        /// A request is under way. Leaves to `reading` or `closing`.
        case exchanging(Exchange)
        /// All is said, but not all has left. Leaves to `lingering` or `closed`.
        case closing
        /// All has left; what the client still sends is dropped until it closes. Leaves to `closed`.
        case lingering(dropped: Int)
        case closed
    }

    /// A head whose end is not there yet.
    private final class Partial {
        var bytes: [UInt8]
        var scanner: RequestScanner

        init(_ bytes: UnsafeRawBufferPointer, _ scanner: RequestScanner) {
            (self.bytes, self.scanner) = (Array(bytes), scanner)
        }
    }

    let front: Front
    let stream: ByteStream
    private(set) var phase = Phase.reading
    private(set) var deadline: Deadline?
    private var partial: Partial?
    /// What came behind the request that is under way: at most one read's worth.
    private var inbox: [UInt8] = []
    /// Of `partial` and `inbox`.
    private var share: MemoryShare
    private var isPumpDue = false
    /// Bytes of the client may still come: closing at once would reset the connection and take the last answer away.
    private var lingers = false
    /// Nothing has been asked for yet: the client may still say that it speaks HTTP/2.
    private var isFirst = true
    /// Looked at once.
    lazy var origin = Forwarding(of: stream.peerAddress, isSecure: false)
    var place = 0
    /// Where it queues for its turn: among the connections of the project that it asked for last.
    private var lane: FairQueue.Lane

    /// - Parameter origin: nil for the connection's own other end.
    init(_ stream: ByteStream, _ front: Front, from origin: Forwarding? = nil) {
        (self.stream, self.front, lane) = (stream, front, front.strangers)
        share = MemoryShare(of: front.memory)
        if let origin { self.origin = origin }
        stream.owner = self
        setDeadline(Deadline(moment: front.loop.now + front.settings.limits.headTimeout, reason: .idle))
    }

    var isBlocked: Bool { stream.isBlocked }

    /// Nothing is under way: the connection may be closed without anyone's loss.
    var isIdle: Bool { if case .reading = phase { partial == nil && inbox.isEmpty && !isBlocked } else { false } }

    /// What is under way has no end of its own.
    private var isStream: Bool {
        guard case .exchanging(let exchange) = phase else { return false }
        return exchange.isEventStream || exchange.tunnel != nil
    }

    var dueMoment: Instant? { deadline?.moment }
    var keptCount: Int { stream.keptCount }

    /// The next answer tells.
    func leave() {}

    func drain() {
        if isStream { return cut() }
        // A request that has come already is answered; one that is on its way meets an end, not a reset.
        if isIdle, stream.isQuiet { close(isRequestRead: false) }
    }

    // MARK: Events

    func streamIsReadable() { pumpSoon() }

    /// Its turn has come.
    func run() {
        isPumpDue = false
        guard stream.isOpen else { return }
        pump()
        countKept()
        noticeEnd()
    }

    private func countKept() { share.set((partial?.bytes.count ?? 0) + inbox.count) }

    /// A client that ends its side may still read its answer, but who ended it while reading events has gone.
    func noticeEnd() {
        guard stream.isEndDue, case .exchanging(let exchange) = phase, exchange.isEventStream else { return }
        front.later { [self] in cut() }
    }

    func streamDrained() {
        switch phase {
        case .exchanging(let exchange):
            if let tunnel = exchange.tunnel {
                awaitTunnel()
                if tunnel.hasInstanceEnded { stream.shutDownSending() }
            } else if case .write = deadline?.reason {
                setDeadline(nil)
            }
            exchange.clientDrained()
        case .reading: pumpSoon()
        case .closing: finish()
        case .lingering, .closed: break
        }
    }

    func streamHungUp() { cut() }

    /// Reads when its turn comes.
    func pumpSoon() {
        guard !isPumpDue, stream.isOpen else { return }
        isPumpDue = true
        front.ready.put(self, in: lane)
    }

    func readBodySoon() {
        if stream.isReadable || !inbox.isEmpty { pumpSoon() }
    }

    // MARK: Reading

    private var wantsBytes: Bool {
        switch phase {
        case .reading: !isBlocked
        case .exchanging(let exchange): exchange.wantsBody
        case .lingering: true
        case .closing, .closed: false
        }
    }

    private func pump() {
        var reads = 0
        while stream.isOpen, wantsBytes {
            reads += 1
            guard reads <= Self.readsMax else { return pumpSoon() }
            if !inbox.isEmpty {
                let bytes = inbox
                inbox = []
                bytes.withUnsafeBytes { take($0) }
                continue
            }
            guard stream.isReadable || stream.hasEnded else { return }
            switch stream.read(into: front.scratch.buffer) {
            case .bytes(let count): take(front.scratch.prefix(count))
            case .nothing: return
            case .end: return ended()
            case .failed: return cut()
            }
        }
    }

    /// The client sends no more. What it asked for before is still answered.
    private func ended() {
        guard case .exchanging(let exchange) = phase else { return cut() }
        if exchange.tunnel != nil { return exchange.tunnelClientEnded() }
        if !exchange.isUploaded { cut() }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        switch phase {
        case .reading: takeHead(bytes)
        case .exchanging(let exchange): takeBody(bytes, exchange)
        case .lingering(let dropped):
            guard dropped + bytes.count <= Self.lingerBytesMax else { return cut() }
            phase = .lingering(dropped: dropped + bytes.count)
        case .closing, .closed: break
        }
    }

    private func takeHead(_ bytes: UnsafeRawBufferPointer) {
        guard let partial else {
            front.requestScanner.reset()
            if scan(bytes, &front.requestScanner) { serve(front.requestScanner.head, bytes) }
            return
        }
        self.partial = nil
        partial.bytes += bytes
        partial.bytes.withUnsafeBytes { bytes in
            if scan(bytes, &partial.scanner) { serve(partial.scanner.head, bytes) }
        }
    }

    /// Whether the head is complete; else what is there is kept, or refused.
    private func scan(_ bytes: UnsafeRawBufferPointer, _ scanner: inout RequestScanner) -> Bool {
        do throws(Fault) {
            if try scanner.scan(bytes) { return true }
            guard front.hasMemory else { throw .memoryFull }
            partial = Partial(bytes, scanner)
            awaitHead()
        } catch {
            if error == .versionUnsupported, isFirst, isHTTP2(bytes) {
                becomeHTTP2(bytes)
            } else {
                _ = front.isOneTooMany(error, from: stream.address)
                say(FaultBody.response(error, closes: true), closes: true, isRequestRead: false)
            }
        }
        return false
    }

    /// The beginning of an HTTP/2 connection reads like a request of that version (RFC 9113 §3.4).
    private func isHTTP2(_ bytes: UnsafeRawBufferPointer) -> Bool {
        front.settings.http2.isEnabled && bytes.starts(with: Array("PRI * HTTP/2.0\r\n".utf8))
    }

    private func becomeHTTP2(_ bytes: UnsafeRawBufferPointer) {
        (phase, deadline) = (.closed, nil)
        share.set(0)
        let connection = HTTP2Connection(stream, front, from: origin)
        front.replace(self, by: connection)
        connection.take(bytes)
    }

    private func awaitHead() {
        if case .head = deadline?.reason { return }
        setDeadline(Deadline(moment: front.loop.now + front.settings.limits.headTimeout, reason: .head))
    }

    private func serve(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) {
        isFirst = false
        let count = serve(head, bytes, UnsafeRawBufferPointer(rebasing: bytes[head.length...]))
        keep(UnsafeRawBufferPointer(rebasing: bytes[(head.length + count)...]))
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer, _ exchange: Exchange) {
        do throws(Fault) {
            let count = try exchange.received(bytes)
            keep(UnsafeRawBufferPointer(rebasing: bytes[count...]))
            if exchange.tunnel == nil, !exchange.isUploaded { awaitBody() }
        } catch {
            exchange.refuse(error)
        }
    }

    /// Keeps what belongs to the next request.
    private func keep(_ rest: UnsafeRawBufferPointer) {
        guard !rest.isEmpty else { return }
        switch phase {
        case .reading, .exchanging: inbox += rest
        case .closing, .lingering, .closed: break
        }
    }

    // MARK: Exchanging

    func begin(_ exchange: Exchange) {
        phase = .exchanging(exchange)
        if let entry = exchange.entry { lane = entry.lane }
        setDeadline(nil)
    }

    func awaitBody() {
        guard case .exchanging(let exchange) = phase, !exchange.isUploaded else { return }
        if case .body = deadline?.reason { return }
        awaitMoreBody()
    }

    private func awaitMoreBody() {
        let moment = front.loop.now + front.settings.limits.bodyTimeout
        setDeadline(Deadline(moment: moment, reason: .body(received: stream.receivedCount)))
    }

    func awaitTunnel() {
        setDeadline(Deadline(moment: front.loop.now + front.settings.limits.tunnelIdle, reason: .tunnel))
    }

    func sendEnd() { if stream.isOpen, !isBlocked { stream.shutDownSending() } }

    /// The request's body is complete.
    func bodyCame() { if case .body = deadline?.reason { setDeadline(nil) } }

    func awaitAnswer(until moment: Instant) { setDeadline(Deadline(moment: moment, reason: .answer)) }

    func framing(of head: ResponseHead) -> BodyFraming {
        guard case .exchanging(let exchange) = phase else { return .none }
        return ResponseForwarding.framing(of: head, isOld: exchange.answer.isOld)
    }

    func sendInterim(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: ResponseForwarding.Context) {
        sendHead(head, bytes, context)
        flush()
    }

    func sendHead(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: ResponseForwarding.Context) {
        if !head.isInterim { setDeadline(nil) }
        front.output.removeAll()
        ResponseForwarding.append(head, bytes, context, to: front.output)
    }

    /// Behind a head that has not left yet, bytes wait for it; else they leave at once.
    func send(_ bytes: UnsafeRawBufferPointer) {
        let output = front.output
        guard !output.isEmpty else { return transmit(bytes) }
        output.append(bytes)
    }

    func flush() {
        guard !front.output.isEmpty else { return }
        transmit(front.output.bytes)
        front.output.removeAll()
    }

    /// HTTP/1.0 has no place for them.
    func sendTrailers(_ lines: [UInt8]) {}

    private func transmit(_ bytes: UnsafeRawBufferPointer) {
        guard stream.isOpen, !bytes.isEmpty else { return }
        guard stream.send(bytes) else { return front.later { [self] in cut() } }
        if stream.isBlocked, case .write = deadline?.reason {
        } else if stream.isBlocked {
            awaitWriting()
        }
    }

    private func transmit(_ bytes: [UInt8]) { bytes.withUnsafeBytes { transmit($0) } }

    func sendContinue() { transmit(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }

    private func awaitWriting() {
        let moment = front.loop.now + front.settings.limits.bodyTimeout
        setDeadline(Deadline(moment: moment, reason: .write(sent: stream.sentCount)))
    }

    /// The answer is complete.
    ///
    /// - Parameter isRequestRead: else the connection cannot be used any more: the rest of the body is in the way.
    func answered(closes: Bool, isRequestRead: Bool) {
        guard stream.isOpen else { return }
        if closes || !isRequestRead || front.isDraining {
            close(isRequestRead: isRequestRead)
        } else {
            next()
        }
    }

    /// Says a whole answer of our own.
    func say(_ bytes: [UInt8], closes: Bool, isRequestRead: Bool) {
        transmit(bytes)
        guard stream.isOpen else { return }
        if closes { close(isRequestRead: isRequestRead) } else { next() }
    }

    /// Ready for the next request.
    private func next() {
        phase = .reading
        setDeadline(Deadline(moment: front.loop.now + front.settings.limits.keepAlive, reason: .idle))
        // Called from within reads: what is there already is looked at later.
        if !inbox.isEmpty || stream.isReadable || stream.hasEnded { pumpSoon() }
    }

    // MARK: Ending

    private func close(isRequestRead: Bool) {
        lingers = !isRequestRead || !inbox.isEmpty || stream.isReadable
        inbox = []
        countKept()
        phase = .closing
        if isBlocked {
            awaitWriting()
        } else {
            finish()
        }
    }

    private func finish() {
        guard lingers, !stream.hasEnded else { return cut() }
        stream.shutDownSending()
        phase = .lingering(dropped: 0)
        setDeadline(Deadline(moment: front.loop.now + Self.lingerMax, reason: .linger))
        pumpSoon()
    }

    /// Ends the connection now, and with it what is under way.
    func cut() {
        guard stream.isOpen else { return }
        let last = phase
        phase = .closed
        stream.close()
        (partial, inbox, deadline) = (nil, [], nil)
        share.set(0)
        if case .exchanging(let exchange) = last { exchange.cancel() }
        front.closed(self)
    }

    // MARK: Time

    func setDeadline(_ deadline: Deadline?) {
        self.deadline = deadline
        if let deadline { front.sweep(by: deadline.moment) }
    }

    func expire(at now: Instant) {
        guard let deadline, deadline.moment <= now else { return }
        self.deadline = nil
        switch (deadline.reason, phase) {
        case (.head, .reading):
            say(FaultBody.response(.headTimeout, closes: true), closes: true, isRequestRead: false)
        case (.body(let received), .exchanging(let exchange)):
            if exchange.isWaiting || exchange.isPaused, !exchange.wantsBody { return awaitMoreBody() }
            if exchange.wantsBody, front.isQuickEnough(stream.receivedCount - received) { return awaitMoreBody() }
            exchange.refuse(exchange.wantsBody ? .bodyTimeout : .responseTimedOut)
        case (.tunnel, .exchanging(let exchange)):
            let last = exchange.tunnel?.lastByte ?? now
            guard last + front.settings.limits.tunnelIdle > now else { return cut() }
            setDeadline(Deadline(moment: last + front.settings.limits.tunnelIdle, reason: .tunnel))
        case (.answer, .exchanging(let exchange)): exchange.timedOut()
        case (.write(let sent), _) where front.isQuickEnough(stream.sentCount - sent): awaitWriting()
        default: cut()
        }
    }
}
