import Contracts
import HTTP
import HTTP2
import Linux
import Nouns
import Routing

/// One request on an HTTP/2 connection, as its exchange sees it.
final class HTTP2Request: ExchangeClient, HTTP2StreamOwner {
    /// When something must have happened.
    private enum Limit {
        /// Enough of the body, behind so many bytes.
        case body(Instant, received: UInt64)
        /// The first bytes of the answer.
        case answer(Instant)
        /// The client must take enough of what is kept for it.
        case write(Instant, taken: UInt64)

        var moment: Instant {
            switch self {
            case .body(let moment, _), .answer(let moment), .write(let moment, _): moment
            }
        }
    }

    let stream: HTTP2Stream
    /// Among the connection's.
    var place: Int
    private let connection: HTTP2Connection
    private var exchange: Exchange?
    /// What came of the body and is not wanted yet: at most the stream's window.
    private var inbox: [UInt8] = []
    private var limit: Limit?
    /// Bytes of the body that came.
    private var receivedCount: UInt64 = 0
    private var trailers: HTTP2Fields?
    private var isPassDue = false

    init(_ stream: HTTP2Stream, of connection: HTTP2Connection, place: Int) {
        (self.stream, self.connection, self.place) = (stream, connection, place)
    }

    var front: Front { connection.front }
    var origin: Forwarding { connection.origin }
    var isBlocked: Bool { stream.isBlocked || connection.stream.isBlocked }
    var keptCount: Int { inbox.count + stream.keptCount }

    // MARK: The request

    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        connection.began(exchange)
    }

    func streamReceived(_ bytes: UnsafeRawBufferPointer) {
        receivedCount += UInt64(bytes.count)
        guard let exchange else { return stream.consumed(bytes.count) }
        guard inbox.isEmpty, exchange.wantsBody else { return keep(bytes, exchange) }
        pass(bytes, to: exchange)
    }

    private func keep(_ bytes: UnsafeRawBufferPointer, _ exchange: Exchange) {
        guard front.hasMemory else {
            stream.consumed(bytes.count)
            return exchange.refuse(.memoryFull)
        }
        inbox += bytes
        connection.inboxCount += bytes.count
    }

    func streamReceivedEnd() { if inbox.isEmpty { passEnd() } }

    private func pass(_ bytes: UnsafeRawBufferPointer, to exchange: Exchange) {
        stream.consumed(bytes.count)
        do throws(Fault) {
            _ = try exchange.received(bytes)
            if !exchange.isUploaded { awaitBody() }
        } catch {
            exchange.refuse(error)
        }
        connection.flushSoon()
    }

    private func passEnd() { if let exchange, !exchange.isUploaded { exchange.bodyEnded() } }

    func readBodySoon() {
        guard !isPassDue, !inbox.isEmpty else { return }
        isPassDue = true
        front.later { [self] in
            isPassDue = false
            guard let exchange else { return }
            if exchange.wantsBody, !inbox.isEmpty {
                let bytes = inbox
                inbox = []
                connection.inboxCount -= bytes.count
                bytes.withUnsafeBytes { pass($0, to: exchange) }
            }
            if inbox.isEmpty, stream.hasReceivedAll { passEnd() }
        }
    }

    func awaitBody() {
        guard let exchange, !exchange.isUploaded else { return }
        if case .body = limit { return }
        awaitMoreBody()
    }

    private func awaitMoreBody() {
        set(.body(front.loop.now + front.settings.limits.bodyTimeout, received: receivedCount))
    }

    func bodyCame() { if case .body = limit { limit = nil } }

    func sendContinue() {
        front.answerFields.begin(100)
        stream.interim(front.answerFields)
        connection.flushSoon()
    }

    func awaitAnswer(until moment: Instant) { set(.answer(moment)) }

    /// Upgrades are of HTTP/1.1: their fields are refused here (RFC 9113 §8.6).
    func awaitTunnel() {}
    func sendEnd() { stream.end() }

    // MARK: The answer

    /// The end of a body shows by itself.
    func framing(of head: ResponseHead) -> BodyFraming {
        switch head.framing {
        case .none, .length: head.framing
        case .chunked, .untilClose: .untilClose
        }
    }

    func sendInterim(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: ResponseForwarding.Context) {
        translate(head, bytes, context)
        stream.interim(front.answerFields)
        flush()
    }

    func sendHead(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: ResponseForwarding.Context) {
        limit = nil
        translate(head, bytes, context)
        stream.answer(front.answerFields, isAll: head.framing == .none)
    }

    /// Writes the head as for HTTP/1.1, where all rules about fields are, and takes the fields from there.
    private func translate(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: ResponseForwarding.Context)
    {
        front.output.removeAll()
        ResponseForwarding.append(head, bytes, context, to: front.output)
        front.answerFields.begin(head.status)
        let lines = front.output.bytes
        let first = lines.firstIndex(of: UInt8(ascii: "\n")) ?? lines.count - 1
        front.answerFields.add(lines: UnsafeRawBufferPointer(rebasing: lines[(first + 1)...]))
        front.output.removeAll()
    }

    func send(_ bytes: UnsafeRawBufferPointer) {
        stream.send(bytes)
        flush()
    }

    func sendTrailers(_ lines: [UInt8]) {
        front.output.removeAll()
        Trailers.append(lines, to: front.output)
        let fields = HTTP2Fields()
        fields.beginTrailers()
        fields.add(lines: front.output.bytes)
        front.output.removeAll()
        trailers = fields
    }

    func flush() {
        if stream.keptCount > 0 { awaitWriting() }
        connection.flushSoon()
    }

    /// The client's connection tells, and its end is read at any time.
    func noticeEnd() {}

    func answered(closes: Bool, isRequestRead: Bool) {
        exchange = nil
        stream.end(with: trailers)
        conclude(isRequestRead: isRequestRead)
    }

    func say(_ bytes: [UInt8], closes: Bool, isRequestRead: Bool) {
        exchange = nil
        bytes.withUnsafeBytes { say($0) }
        conclude(isRequestRead: isRequestRead)
    }

    /// Takes an answer in the form of HTTP/1.1 apart; our own are well-formed.
    private func say(_ bytes: UnsafeRawBufferPointer) {
        var scanner = ResponseScanner(HeadLimits(bytesMax: bytes.count, fieldsMax: 64))
        guard (try? scanner.scan(bytes, answering: .get)) == true else { return stream.fail() }
        let head = UnsafeRawBufferPointer(rebasing: bytes[..<scanner.head.length])
        let body = UnsafeRawBufferPointer(rebasing: bytes[scanner.head.length...])
        front.answerFields.begin(scanner.head.status)
        let first = head.firstIndex(of: UInt8(ascii: "\n")) ?? head.count - 1
        front.answerFields.add(lines: UnsafeRawBufferPointer(rebasing: head[(first + 1)...]))
        stream.answer(front.answerFields, isAll: body.isEmpty)
        stream.send(body)
        stream.end()
    }

    private func conclude(isRequestRead: Bool) {
        limit = nil
        dropInbox()
        if !isRequestRead { stream.refuseRest() }
        flush()
    }

    func cut() {
        exchange = nil
        limit = nil
        dropInbox()
        stream.fail()
        connection.flushSoon()
    }

    /// Nobody wants the rest of the body: the connection's window is freed.
    private func dropInbox() {
        stream.consumed(inbox.count)
        connection.inboxCount -= inbox.count
        inbox = []
    }

    // MARK: Events

    func streamDrained() { exchange?.clientDrained() }

    func connectionDrained() { if !isBlocked { exchange?.clientDrained() } }

    func streamClosed() {
        let last = exchange
        exchange = nil
        limit = nil
        dropInbox()
        last?.cancel()
        connection.ended(self)
    }

    /// Ends an answer that has no end of its own.
    func drain() {
        guard let last = exchange, last.isEventStream else { return }
        cut()
        last.cancel()
    }

    // MARK: Time

    var dueMoment: Instant? { limit?.moment }

    func expire(at now: Instant) {
        guard let limit, limit.moment <= now else { return }
        self.limit = nil
        switch limit {
        case .body(_, let received):
            guard let exchange else { return }
            if exchange.isWaiting || exchange.isPaused, !exchange.wantsBody { return awaitMoreBody() }
            if exchange.wantsBody, front.isQuickEnough(receivedCount - received) { return awaitMoreBody() }
            exchange.refuse(exchange.wantsBody ? .bodyTimeout : .responseTimedOut)
        case .answer: exchange?.timedOut()
        case .write(_, let taken):
            if stream.keptCount == 0 { return }
            if front.isQuickEnough(stream.takenCount - taken) { return awaitWriting() }
            let last = exchange
            cut()
            last?.cancel()
        }
    }

    private func awaitWriting() {
        if case .write = limit { return }
        set(.write(front.loop.now + front.settings.limits.bodyTimeout, taken: stream.takenCount))
    }

    private func set(_ limit: Limit) {
        self.limit = limit
        front.sweep(by: limit.moment)
    }
}
