import CLinux
import Glibc
import HTTP
import Linux
import Nouns

/// One client's connection to an `HTTPServer`.
///
/// Watched edge-triggered for everything, once: `canRead` remembers that there may be something to read while a
/// request is under way, so that neither a busy nor an idle connection costs a change of its watch.
final class HTTPConnection: EventHandler {
    enum State {
        /// Between requests, or in the middle of a head. Leaves to `body` or `handling`, or `lingering` on a fault.
        case head
        /// A head is complete, its body is not. Leaves to `handling`.
        case body(IncomingBody)
        /// The handler has the request. Leaves to `streaming` or, answered, to `head`.
        case handling
        /// The answer has begun and goes on. Leaves to `head` when it is finished.
        case streaming(ResponseStream.Reference)
        /// The last answer is written; what the client still sends is thrown away, so that closing does not take the
        /// answer back (RFC 9112 §9.6). Leaves to `closed`.
        case lingering(bytesLeft: Int)
        case closed
    }

    /// What a client may send on behind its last answer.
    private static let lingeringMax = 1 << 20

    let server: HTTPServer
    private let descriptor: Descriptor
    private let access: HTTPServer.Access
    private let peer: PeerCredentials?
    private var registration: EventLoop.Registration?

    var state = State.head
    private var canRead = true
    private var peerEnded = false
    private var isPumping = false
    /// Received and not taken yet, from `inputStart` on; empty, without storage, while nothing is half received.
    private var input: [UInt8] = []
    private var inputStart = 0
    /// What there is of `input` is not enough for the next step.
    private var isStarved = true
    /// Holds how far a head that comes in pieces has been read.
    private var scanner: RequestScanner?

    var output: [UInt8] = []
    var outputStart = 0
    /// Of the request under way: how to answer it.
    var isHead = false
    var minorVersion = 1
    var isKeptAlive = true

    private var deadline = Instant.distantFuture
    private var timer: (id: TimerHeap.ID, moment: Instant)?

    init(
        _ descriptor: Descriptor, of server: HTTPServer, _ access: HTTPServer.Access, _ peer: PeerCredentials?
    ) throws(SystemError) {
        (self.descriptor, self.server, self.access, self.peer) = (descriptor, server, access, peer)
        if access != .operators { Socket.sendAtOnce(descriptor) }
        registration = try server.loop.watch(
            descriptor.number, for: [.readable, .writable, .peerClosed, .edgeTriggered], self)
    }

    var isClosed: Bool { if case .closed = state { true } else { false } }

    func begin() {
        setDeadline(after: server.isDraining ? HTTPServer.grace : server.limits.idleTimeout)
        pump()
    }

    /// The server ends: closes now if nothing is under way and nothing has come.
    func drain() {
        if case .streaming(let stream) = state {
            stream.close()
            return finishStream()
        }
        guard case .head = state else { return }
        canRead = true
        pump()
        if case .head = state, input.isEmpty, output.isEmpty { close() }
    }

    func handle(_ readiness: Readiness) {
        if readiness.contains(.writable), !output.isEmpty { flush() }
        if readiness.contains(.failed) { return close() }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .hangUp]) { canRead = true }
        if !readiness.isDisjoint(with: [.peerClosed, .hangUp]) { peerEnded = true }
        if peerEnded, case .streaming = state { return close() }
        if readiness.contains(.hangUp), case .handling = state { return close() }
        pump()
    }

    // MARK: Reading

    /// Reads and hands over requests for as long as there are any, and no answer is waited for.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        var requests = 0
        while output.isEmpty, let step = nextStep() {
            switch step {
            case .more: continue
            case .refused(let fault): refuse(fault)
            case .request(let request, let id):
                state = .handling
                setDeadline(after: nil)
                server.handler(request, Responder(self, requestID: id))
                requests += 1
                if requests == HTTPServer.requestsInARow, case .head = state {
                    server.loop.schedule(after: .zero) { [self] in pump() }
                    return
                }
            }
        }
    }

    private enum Step {
        case more
        case request(Request, id: String?)
        case refused(Fault)
    }

    /// Nil when nothing can be done now.
    private func nextStep() -> Step? {
        switch state {
        case .head, .body: break
        case .lingering: return discard()
        case .handling, .streaming, .closed: return nil
        }
        if !isStarved {
            let bytes = input
            return bytes.withUnsafeBytes { step($0, from: inputStart) }
        }
        guard canRead, let count = receive() else { return nil }
        isStarved = false
        let scratch = UnsafeRawBufferPointer(server.scratch)[..<count]
        guard input.isEmpty else {
            input += scratch
            return .more
        }
        return step(UnsafeRawBufferPointer(rebasing: scratch), from: 0)
    }

    /// Nil when nothing has come, or the connection has ended.
    private func receive() -> Int? {
        let count = server.receive(descriptor.number)
        if count > 0 {
            // A shorter read emptied the socket; but the end of the stream still has to be read.
            canRead = !server.isLast(count) || peerEnded
            return count
        }
        canRead = false
        if count < 0, errno == EAGAIN || errno == EINTR { return nil }
        close()
        return nil
    }

    /// Takes what it can from the bytes, and keeps the rest in `input`.
    private func step(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Step {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        var used = 0
        let step: Step
        do throws(Fault) {
            if case .body(var body) = state {
                state = .head
                used = try body.take(rest)
                if body.isComplete {
                    step = .request(try request(body), id: body.requestID)
                } else {
                    state = .body(body)
                    setDeadline(after: server.limits.bodyTimeout)
                    step = .more
                }
            } else {
                (step, used) = try readHead(rest)
            }
        } catch {
            step = .refused(error)
        }
        keep(rest, from: used)
        return step
    }

    /// Keeps what was not used: in place if it is `input` itself, else as a copy.
    private func keep(_ rest: UnsafeRawBufferPointer, from used: Int) {
        if used == rest.count {
            (input, inputStart) = ([], 0)
            isStarved = true
        } else if input.isEmpty {
            (input, inputStart) = (Array(rest[used...]), 0)
            isStarved = used == 0
        } else {
            inputStart += used
            isStarved = used == 0
        }
    }

    private func readHead(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> (Step, used: Int) {
        if scanner == nil { (isHead, minorVersion) = (false, 1) }
        var scanner = self.scanner ?? RequestScanner(server.limits.head)
        guard try scanner.scan(bytes) else {
            // From the first byte on, not from the last.
            if self.scanner == nil { setDeadline(after: server.limits.headTimeout) }
            self.scanner = scanner
            return (.more, 0)
        }
        self.scanner = nil
        let head = scanner.head
        (isHead, minorVersion, isKeptAlive) = (head.method == .head, head.minorVersion, head.isKeptAlive)
        try check(head, bytes)
        var body = IncomingBody(head, bytes, bodyMax: server.limits.bodyMax)
        if body.isComplete { return (.request(try request(body), id: body.requestID), head.length) }
        try body.checkLength()
        body.reserve()
        state = .body(body)
        setDeadline(after: server.limits.bodyTimeout)
        if head.expectsContinue, bytes.count == head.length { writeContinue() }
        return (.more, head.length)
    }

    private func request(_ body: IncomingBody) throws(Fault) -> Request {
        try Request(body.head, body.headBytes, body: body.bytes, peer: peer)
    }

    private func check(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) throws(Fault) {
        switch access {
        case .operators: break
        case .token:
            guard let token = server.token else { return }
            guard let presented = head.fields.first(.token), token.matches(bytes[presented]) else {
                throw Fault(421, "listener.token_required", "This listener serves its front only; ask the front.")
            }
        case .loopback:
            guard let host = head.fields.first(.host), LoopbackHost.matches(bytes[host]) else {
                throw Fault(
                    421, "host.not_loopback", "Ask by a name of this machine: localhost, 127.0.0.1 or [::1].")
            }
        }
    }

    private func discard() -> Step? {
        guard case .lingering(let left) = state, canRead, let count = receive() else { return nil }
        guard count < left else {
            close()
            return nil
        }
        state = .lingering(bytesLeft: left - count)
        return .more
    }

    // MARK: Ending

    /// Answers what cannot be handled; where its request ends is not known, so the connection ends too.
    private func refuse(_ fault: Fault) {
        (input, inputStart, scanner) = ([], 0, nil)
        isStarved = true
        isKeptAlive = false
        state = .handling
        answer(.fault(fault))
    }

    /// The answer is complete; it may not be written out yet.
    func answered() {
        if isKeptAlive, !server.isDraining {
            state = .head
            if output.isEmpty { setDeadline(after: server.limits.idleTimeout) }
        } else {
            state = .lingering(bytesLeft: Self.lingeringMax)
            if output.isEmpty { linger() }
        }
    }

    /// Everything is written.
    func flushed() {
        (output, outputStart) = ([], 0)
        switch state {
        case .head: setDeadline(after: server.limits.idleTimeout)
        case .lingering: linger()
        case .body: setDeadline(after: server.limits.bodyTimeout)
        case .handling, .streaming, .closed: setDeadline(after: nil)
        }
        pump()
    }

    private func linger() {
        if peerEnded { return close() }
        _ = shutdown(descriptor.number, Int32(SHUT_WR))
        setDeadline(after: HTTPServer.grace)
        pump()
    }

    func close() {
        guard let registration else { return }
        self.registration = nil
        server.loop.unwatch(registration)
        if let timer { server.loop.cancel(timer.id) }
        timer = nil
        let last = state
        state = .closed
        (input, output) = ([], [])
        descriptor.close()
        if case .streaming(let stream) = last { stream.close() }
        server.closed(self)
    }

    // MARK: Deadlines

    /// The timer is set anew only when it would come too late; one that comes too early sets itself again.
    func setDeadline(after wait: Duration?) {
        guard registration != nil else { return }
        deadline = wait.map { EventLoop.clock() + $0 } ?? .distantFuture
        guard deadline != .distantFuture, timer.map({ $0.moment > deadline }) ?? true else { return }
        if let timer { server.loop.cancel(timer.id) }
        let moment = deadline
        timer = (server.loop.schedule(at: moment) { [self] in timerCame() }, moment)
    }

    private func timerCame() {
        timer = nil
        guard deadline != .distantFuture else { return }
        guard deadline <= server.loop.now else {
            let moment = deadline
            timer = (server.loop.schedule(at: moment) { [self] in timerCame() }, moment)
            return
        }
        switch state {
        case .head where !output.isEmpty || input.isEmpty: close()
        case .head: refuse(Fault(408, "request.head_timeout", "The request's head did not come in time."))
        case .body: refuse(Fault(408, "request.body_timeout", "The request's body did not come in time."))
        case .handling, .streaming, .lingering, .closed: close()
        }
    }

    // MARK: The socket

    /// Writes as much as the socket takes, maybe nothing; nil when the connection has ended.
    func send(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> Int? {
        var parts = (
            iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: body.baseAddress), iov_len: body.count)
        )
        return withUnsafeMutablePointer(to: &parts) { parts in
            var message = msghdr()
            message.msg_iov = UnsafeMutableRawPointer(parts).assumingMemoryBound(to: iovec.self)
            message.msg_iovlen = body.isEmpty ? 1 : 2
            while true {
                let count = sendmsg(descriptor.number, &message, Int32(MSG_NOSIGNAL))
                if count >= 0 { return count }
                if errno == EAGAIN { return 0 }
                if errno != EINTR { return nil }
            }
        }
    }
}
