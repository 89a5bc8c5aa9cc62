import Contracts
import Glibc
import HTTP
import Linux
import Nouns
import Routing

/// One request on its way to an instance, and the answer back.
///
/// Waits for the lease, sends, sends again where `RetryRule` allows it, passes the answer on. Whatever happens, the
/// client gets one answer, or its connection is cut when half of one has already left.
final class Exchange: LeaseWaiter {
    /// How long to wait when the instance's queue of connections is full.
    private static let fullQueuePause = Duration.milliseconds(10)

    /// What is asked for, beside the head.
    struct Request {
        var method: HTTP.Method
        var framing: BodyFraming
        var route: Route
        var instance: InstanceID
        /// Where it is counted in.
        var gauge: ProjectGauge
        /// As the instance gets it, without the end that depends on the endpoint.
        var head: [UInt8]
        var expectsContinue: Bool
    }

    enum Phase {
        /// For the lease. Leaves to `connecting`; ends by a refusal.
        case waiting
        /// The instance's queue is full; `retry` is set. Leaves to `sent`.
        case connecting
        /// `upstream` has the request, or as much of it as came. Leaves to `answering`, or back on a failure.
        case sent
        /// The head of the answer has left to the client. Leaves to `done`.
        case answering
        /// Nothing more may happen.
        case done
    }

    let number: LeaseBook.Waiter
    let front: Front
    let client: any ExchangeClient
    let method: HTTP.Method
    let route: Route
    let instance: InstanceID
    let gauge: ProjectGauge?
    private(set) var phase = Phase.waiting
    private(set) var use: LeaseBook.Use?
    var answer: ResponseForwarding.Context
    var upstream: UpstreamConnection?
    var download: Download?
    /// The answer goes on for as long as the client listens, so its going away must be noticed without writing.
    var isEventStream = false
    /// The instance keeps the connection open behind this answer.
    var isReusable = false
    private var head: [UInt8]
    /// What of the body has come, in the form in which it is sent.
    private var body: [UInt8] = []
    /// Nothing of the body that came has been let go of.
    private var canReplay = true
    private var upload: Upload
    /// The instance takes no more of the body.
    private var isUploadBroken = false
    private var expectsContinue: Bool
    private var attempts = 0
    /// What the connection had sent when this request began on it.
    private var sentBefore: UInt64 = 0
    private var retry: TimerHeap.ID?
    private let waitDeadline: Instant
    private var answerDeadline: Instant?

    init(
        _ number: LeaseBook.Waiter, _ request: Request, for client: any ExchangeClient, _ front: Front,
        answer: ResponseForwarding.Context
    ) {
        (self.number, self.client, self.front, self.answer) = (number, client, front, answer)
        (method, route, instance) = (request.method, request.route, request.instance)
        gauge = request.gauge
        (head, expectsContinue) = (request.head, request.expectsContinue)
        upload = Upload(request.framing, bytesMax: request.route.bodyMax)
        waitDeadline = front.loop.now + front.settings.limits.waitMax
    }

    // MARK: The client's side

    /// Takes the bytes behind the head, and asks for the lease. Returns how many bytes belong to the request.
    func begin(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Int {
        let count = try upload.receive(bytes, into: &body)
        if !body.isEmpty || upload.isComplete { expectsContinue = false }
        front.want(self, deadline: waitDeadline)
        return count
    }

    /// Whether the client's bytes are wanted now.
    var wantsBody: Bool {
        guard !upload.isComplete, !isUploadBroken, phase != .done else { return false }
        guard let upstream else { return body.count < RetryRule.bodyMax }
        return !upstream.stream.isBlocked
    }

    var isUploaded: Bool { upload.isComplete }

    /// For the lease.
    var isWaiting: Bool { use == nil }

    /// Takes the body's next bytes; returns how many belong to it.
    func received(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Int {
        var piece: [UInt8] = []
        let count = try upload.receive(bytes, into: &piece)
        expectsContinue = false
        pass(piece)
        return count
    }

    /// The body of a request whose framing is `untilClose` is complete.
    func bodyEnded() {
        var piece: [UInt8] = []
        upload.end(into: &piece)
        pass(piece)
    }

    private func pass(_ piece: [UInt8]) {
        if upload.isComplete { client.bodyCame() }
        guard let upstream else { return body += piece }
        if canReplay {
            body += piece
            if body.count > RetryRule.bodyMax { letGo() }
        }
        if !upstream.stream.send(piece) {
            // It may have answered before it hung up; reading tells.
            isUploadBroken = true
            upstream.pumpSoon()
        }
        if upload.isComplete, phase == .sent { startAnswerTimer() }
    }

    /// The client is gone, or what it sent makes no sense: nobody waits for the answer any more.
    func cancel() {
        guard phase != .done else { return }
        if use == nil { front.giveUp(self) }
        conclude(reusing: false)
    }

    /// The client has taken all that was passed on.
    func clientDrained() { upstream?.pumpSoon() }

    /// No byte of the answer came in time, or the instance does not read.
    func timedOut() { refuse(.responseTimedOut) }

    // MARK: The lease

    func proceed(_ use: LeaseBook.Use, wake: Duration?) {
        self.use = use
        if let wake { answer.wake = wake }
        connect(isFresh: false)
    }

    /// Answers with a fault; what is under way is ended. When half an answer has left, the connection is cut.
    func refuse(_ fault: Fault) {
        guard phase != .done else { return }
        let isAnswering = phase == .answering
        conclude(reusing: false)
        if isAnswering { client.cut() } else { client.answered(self, with: fault, isRequestRead: upload.isComplete) }
    }

    func abort(_ fault: Fault) { refuse(fault) }

    // MARK: Sending

    private func connect(isFresh: Bool) {
        guard let use else { preconditionFailure("a request without a lease connects") }
        phase = .connecting
        attempts += 1
        do throws(SystemError) {
            let upstream = try front.upstream(use.endpoint, isFresh: isFresh, isCareful: !method.isIdempotent)
            self.upstream = upstream
            upstream.begin(self)
            send(on: upstream, use.endpoint)
        } catch {
            connectFailed(error.code)
        }
    }

    /// The connection could not be made: nothing was sent.
    func connectFailed(_ code: Int32) {
        dropUpstream()
        switch code {
        case EAGAIN where front.loop.now < waitDeadline:
            attempts -= 1
            retry = front.loop.schedule(after: Self.fullQueuePause) { [self] in
                retry = nil
                connect(isFresh: true)
            }
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EAGAIN: refuse(.noRoom)
        default: lost(.unreachable)
        }
    }

    private func send(on upstream: UpstreamConnection, _ endpoint: Endpoint) {
        phase = .sent
        sentBefore = upstream.stream.sentCount
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.count + body.count + 64)
        bytes += head
        RequestForwarding.appendEnd(endpoint, to: &bytes)
        bytes += body
        guard upstream.stream.send(bytes) else { return lost(sent) }
        if body.count > RetryRule.bodyMax { letGo() }
        if upload.isComplete {
            startAnswerTimer()
        } else {
            if expectsContinue, !answer.isOld { client.sendContinue() }
            expectsContinue = false
            client.readBodySoon()
        }
    }

    /// The body is too long to be kept.
    private func letGo() {
        canReplay = false
        body = []
    }

    func upstreamDrained() {
        if !upload.isComplete { client.readBodySoon() }
    }

    private var sent: RetryRule.Failure { .lost(isSent: upstream.map { $0.stream.sentCount > sentBefore } ?? false) }

    // MARK: Failing

    /// The connection ended before an answer's head came.
    func lostBeforeAnswer() { lost(sent) }

    func misdirected() { lost(.misdirected) }

    private func lost(_ failure: RetryRule.Failure) {
        dropUpstream()
        isUploadBroken = false
        switch RetryRule.decide(failure, method, canReplay: canReplay, attempts: attempts) {
        case .again: connect(isFresh: true)
        case .elsewhere:
            phase = .waiting
            if let use { front.misdirected(use) }
            use = nil
            front.want(self, deadline: max(waitDeadline, front.loop.now + .seconds(1)))
        case .fail:
            switch failure {
            case .unreachable, .lost(isSent: false): refuse(.unreachable)
            case .lost(isSent: true): refuse(.connectionLost)
            case .misdirected: refuse(.misdirected)
            }
        }
    }

    // MARK: Ending

    func beginAnswering() {
        phase = .answering
        (head, body, canReplay) = ([], [], false)
    }

    /// Ends the exchange: gives up connection, lease and place. The client is told by the caller.
    func conclude(reusing isReusable: Bool) {
        guard phase != .done else { return }
        phase = .done
        if let retry { front.loop.cancel(retry) }
        retry = nil
        if isReusable, upload.isComplete, let upstream {
            upstream.end()
            front.keep(upstream)
            self.upstream = nil
        } else {
            dropUpstream()
        }
        front.ended(self)
        use = nil
    }

    private func dropUpstream() {
        upstream?.close()
        upstream = nil
    }

    /// Counted once, from the moment that the whole request has left for the first time.
    private func startAnswerTimer() {
        let deadline = answerDeadline ?? front.loop.now + route.timeout
        answerDeadline = deadline
        client.awaitAnswer(until: deadline)
    }
}
