import Contracts
import HTTP
import HTTP2
import Linux
import Nouns
import Routing
import Telemetry

/// A client's HTTP/2 connection: carries bytes between its stream and the session, and turns each of its requests into
/// an exchange.
///
/// What answers say within one turn of the loop leaves together.
final class HTTP2Connection: ByteStreamOwner, ClientPresence, HTTP2SessionOwner, Runnable {
    /// Reads in a row before others have their turn.
    private static let readsMax = 4
    /// Bytes that are gathered before they are sent.
    private static let outputMax = 65_536
    private static let lingerMax = Duration.seconds(2)

    enum Phase {
        /// Requests come. Leaves to `closing`, or to `closed`.
        case open
        /// All is said; what the client still sends is dropped until it closes. Leaves to `closed`.
        case closing
        case closed
    }

    let front: Front
    let stream: ByteStream
    let origin: Forwarding
    var place = 0
    private(set) var session: HTTP2Session!
    private var phase = Phase.open
    /// In no order; each knows its place.
    private var requests: [HTTP2Request] = []
    private var idleLimit: Instant?
    private var writeLimit: (moment: Instant, sent: UInt64)?
    /// Bytes of bodies that wait for instances.
    var inboxCount = 0
    private var share: MemoryShare
    private var isFlushDue = false
    private var isPumpDue = false
    /// Where it queues for its turn: among the connections of the project that it asked for last.
    private var lane: FairQueue.Lane

    init(_ stream: ByteStream, _ front: Front, from origin: Forwarding) {
        (self.stream, self.front, self.origin, lane) = (stream, front, origin, front.strangers)
        share = MemoryShare(of: front.memory)
        let (limits, settings) = (front.settings.limits, front.settings.http2)
        var own = HTTP2Limits()
        own.streamsMax = settings.streamsMax
        own.head = HeadLimits(bytesMax: limits.headMax, fieldsMax: limits.fieldsMax)
        (own.streamWindow, own.connectionWindow) = (settings.streamWindow, settings.connectionWindow)
        own.resets = FloodGuard.Rate(burst: settings.resetsPerSecond * 4, perSecond: settings.resetsPerSecond)
        session = HTTP2Session(own, owner: self, at: front.loop.now)
        stream.owner = self
        front.ledger.recordHTTP2Connection()
        awaitRequest(for: limits.headTimeout)
        flushSoon()
    }

    var keptCount: Int { stream.keptCount + requests.reduce(0) { $0 + $1.keptCount } }

    // MARK: Events

    func streamIsReadable() { pumpSoon() }

    /// Its turn has come.
    func run() {
        isPumpDue = false
        pump()
    }

    func streamDrained() {
        writeLimit = nil
        flush()
        for request in requests { request.connectionDrained() }
    }

    func streamHungUp() { cut() }

    private func pump() {
        var reads = 0
        while stream.isOpen, stream.isReadable || stream.hasEnded {
            reads += 1
            guard reads <= Self.readsMax else { return pumpSoon() }
            switch stream.read(into: front.scratch.buffer) {
            case .bytes(let count): take(front.scratch.prefix(count))
            case .nothing: return
            // Without the client nobody gives windows back.
            case .end, .failed: return cut()
            }
        }
    }

    private func pumpSoon() {
        guard !isPumpDue, stream.isOpen else { return }
        isPumpDue = true
        front.ready.put(self, in: lane)
    }

    /// Takes what the client sent, from its preface on.
    func take(_ bytes: UnsafeRawBufferPointer) {
        guard case .open = phase else { return }
        let resets = session.resetCount
        session.receive(bytes, at: front.loop.now)
        front.ledger.recordHTTP2Resets(session.resetCount - resets)
        flushSoon()
    }

    // MARK: Sending

    /// Sends what there is to send when this turn of the loop has been handled.
    func flushSoon() {
        guard !isFlushDue, stream.isOpen else { return }
        isFlushDue = true
        front.loop.afterBatch { [self] in
            isFlushDue = false
            flush()
        }
    }

    private func flush() {
        guard case .open = phase else { return }
        defer { share.set(session.keptCount + inboxCount) }
        while stream.isOpen, !stream.isBlocked {
            front.output.removeAll()
            session.fill(front.output, max: Self.outputMax)
            guard !front.output.isEmpty else { break }
            let isSent = stream.send(front.output.bytes)
            front.output.removeAll()
            guard isSent else { return cut() }
        }
        if stream.isBlocked, writeLimit == nil { awaitWriting() }
        if session.isOver, !stream.isBlocked { close() }
    }

    private func awaitWriting() {
        let moment = front.loop.now + front.settings.limits.bodyTimeout
        writeLimit = (moment, stream.sentCount)
        front.sweep(by: moment)
    }

    // MARK: Requests

    func requestCame(_ stream: HTTP2Stream, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer) {
        let request = begin(stream)
        let framing = head.framing == .chunked ? .untilClose : head.framing
        _ = request.serve(head, bytes, UnsafeRawBufferPointer(start: nil, count: 0), framing: framing)
    }

    func requestRefused(_ stream: HTTP2Stream, _ fault: Fault) {
        if front.isOneTooMany(fault, from: self.stream.address) { session.drain() }
        begin(stream).say(FaultBody.response(fault, closes: false), closes: false, isRequestRead: stream.hasReceivedAll)
    }

    private func begin(_ stream: HTTP2Stream) -> HTTP2Request {
        let request = HTTP2Request(stream, of: self, place: requests.count)
        stream.owner = request
        requests.append(request)
        front.ledger.recordHTTP2Stream()
        idleLimit = nil
        return request
    }

    /// Its project is not known while a token is checked.
    func began(_ exchange: Exchange) { if let entry = exchange.entry { lane = entry.lane } }

    func ended(_ request: HTTP2Request) {
        let last = requests.removeLast()
        if last !== request {
            requests[request.place] = last
            last.place = request.place
        }
        if requests.isEmpty { awaitRequest(for: front.isDraining ? Self.lingerMax : front.settings.limits.keepAlive) }
        flushSoon()
    }

    private func awaitRequest(for duration: Duration) {
        let moment = front.loop.now + duration
        idleLimit = moment
        front.sweep(by: moment)
    }

    // MARK: Time

    var dueMoment: Instant? {
        var due = idleLimit
        if let limit = writeLimit?.moment { due = min(due ?? limit, limit) }
        for request in requests {
            if let limit = request.dueMoment { due = min(due ?? limit, limit) }
        }
        return due
    }

    func expire(at now: Instant) {
        if let limit = writeLimit, limit.moment <= now {
            guard front.isQuickEnough(stream.sentCount - limit.sent) else { return cut() }
            awaitWriting()
        }
        for request in requests { request.expire(at: now) }
        guard let idleLimit, idleLimit <= now else { return }
        self.idleLimit = nil
        guard case .open = phase, requests.isEmpty, !session.isOver else { return cut() }
        session.terminate()
        awaitRequest(for: Self.lingerMax)
        flushSoon()
    }

    // MARK: Ending

    func leave() {
        session.drain()
        if requests.isEmpty { awaitRequest(for: Self.lingerMax) }
        flushSoon()
    }

    func drain() {
        session.drain()
        for request in requests { request.drain() }
        if requests.isEmpty { awaitRequest(for: Self.lingerMax) }
        flushSoon()
    }

    /// All has been said: the client reads it, and the end behind it.
    private func close() {
        phase = .closing
        session.abandon()
        stream.shutDownSending()
        awaitRequest(for: Self.lingerMax)
    }

    func cut() {
        if case .closed = phase { return }
        phase = .closed
        stream.close()
        session.abandon()
        (idleLimit, writeLimit) = (nil, nil)
        share.set(0)
        front.closed(self)
    }
}
