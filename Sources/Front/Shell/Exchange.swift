import Contracts
import Glibc
import HTTP
import Linux
import Nouns
import Routing
import Telemetry

/// One request on its way to an instance, and the answer back.
///
/// Waits for the lease, sends, sends again where `RetryRule` allows it, passes the answer on. Whatever happens, the
/// client gets one answer, or its connection is cut when half of one has already left. Exchanges are used again, one
/// request after the other; see `ExchangePool`.
final class Exchange: LeaseWaiter {
    /// How long to wait when the instance's queue of connections is full.
    private static let fullQueuePause = Duration.milliseconds(10)
    /// Of a head's memory that is kept for the next request.
    private static let headKeptMax = 16_384

    enum Phase {
        /// The token is being checked; `held` is set. Leaves to `queued` or `waiting`; ends by a refusal.
        case verifying
        /// In the waiting room. Leaves to `waiting`; ends by a refusal.
        case queued
        /// For the lease. Leaves to `connecting`; ends by a refusal.
        case waiting
        /// The instance's queue is full; `retry` is set. Leaves to `sent`.
        case connecting
        /// `upstream` has the request, or as much of it as came. Leaves to `answering`, or back on a failure.
        case sent
        /// The head of the answer has left to the client. Leaves to `done`.
        case answering
        /// Nothing more may happen, until it is used again.
        case done
    }

    /// Which keeps exchanges to use them again, until it is drained.
    let front: Front
    /// Of the request, while there is one.
    private(set) var client: (any ExchangeClient)!
    private(set) var number: LeaseBook.Waiter = 0
    private(set) var method = HTTP.Method.other
    private(set) var holder: RouteTable.Entry!
    private(set) var entry: ProjectEntry!
    private(set) var phase = Phase.done
    var outcome = Outcome(source: .nobody, status: 0, duration: 0)
    /// What the access log says of it; nil while there is none.
    private var subject: AccessSubject?
    private var began = Instant.zero
    private(set) var use: LeaseBook.Use?
    /// Why the request could not be let in when it came.
    private(set) var reason = Admittance.admitted
    /// Counted in at the project's gauge.
    private var isCounted = false
    private var held: HeldRequest?
    /// Set while the project's bandwidth is used up: nothing is read from either side.
    var pause: TimerHeap.ID?
    var answer: ResponseForwarding.Context
    var upstream: UpstreamConnection?
    var download: Download?
    /// The answer goes on for as long as the client listens, so its going away must be noticed without writing.
    var isEventStream = false
    /// The client changed over to another protocol: bytes go both ways until both sides have ended.
    private(set) var tunnel: Tunnel?
    /// The instance keeps the connection open behind this answer.
    var isReusable = false
    /// Where the front's pool has it.
    var place = 0
    /// As the instance gets it; what is behind `headCount` depends on the endpoint.
    let head = OutputBuffer(capacity: 1024)
    private var headCount = 0
    /// What of the body has come, in the form in which it is sent.
    private var body: [UInt8] = []
    /// Nothing of the body that came has been let go of.
    private var canReplay = true
    private(set) var upload = Upload(.none, bytesMax: 0)
    /// The instance takes no more of the body.
    private var isUploadBroken = false
    private var expectsContinue = false
    private var attempts = 0
    /// What the connection had sent when this request began on it.
    private var sentBefore: UInt64 = 0
    private var retry: TimerHeap.ID?
    private var waitDeadline = Instant.distantFuture
    private var answerDeadline: Instant?

    init(_ front: Front, place: Int) {
        (self.front, self.place) = (front, place)
        answer = ResponseForwarding.Context(
            requestID: front.requestIDs.next(), method: .other, crossOrigin: nil, wake: nil, closes: false, isOld: false
        )
    }

    // MARK: The client's side

    /// Takes a request on; `pass` or `hold` follows, and then `begin`.
    func take(
        _ request: RequestHead, framing: BodyFraming, _ holder: RouteTable.Entry, for client: any ExchangeClient,
        answer: ResponseForwarding.Context, subject: AccessSubject?
    ) {
        number = front.nextNumber()
        (self.client, self.answer) = (client, answer)
        (method, self.holder) = (request.method, holder)
        expectsContinue = request.expectsContinue
        upload = Upload(framing, bytesMax: holder.route.bodyMax)
        (canReplay, isUploadBroken, attempts) = (true, false, 0)
        (download, tunnel, isEventStream, isReusable) = (nil, nil, false, false)
        (phase, reason, isCounted, answerDeadline) = (.waiting, .admitted, false, nil)
        (self.subject, began) = (subject, front.loop.now)
        (outcome.source, outcome.status) = (.nobody, 0)
        waitDeadline = front.loop.now + front.settings.limits.waitMax
        head.removeAll()
    }

    /// The request is its project's from now on, and let in or to wait for that.
    func pass(
        _ request: RequestHead, _ bytes: UnsafeRawBufferPointer, _ passed: Gate.Passed, _ admittance: Admittance,
        _ forwarding: Forwarding
    ) {
        (entry, reason) = (passed.entry, admittance)
        entry.retries.earn()
        isCounted = admittance == .admitted
        phase = isCounted ? .waiting : .queued
        RequestForwarding.append(
            request, bytes, passed, answer.requestID, forwarding, trace: front.traces.next(), to: head)
        headCount = head.count
    }

    /// The request's token is to be checked first.
    func hold(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ request: Gate.Request, _ forwarding: Forwarding
    ) {
        let own = Array(UnsafeRawBufferPointer(rebasing: bytes[..<head.length]))
        held = HeldRequest(head: head, bytes: own, request: request, token: request.token!, forwarding: forwarding)
        phase = .verifying
    }

    /// The token is good for this.
    func verified(_ grant: TokenGrant) {
        guard phase == .verifying, let held else { return }
        let fault = held.bytes.withUnsafeBytes { bytes -> Fault? in
            do throws(Fault) {
                let passed = try Gate.pass(held.request, held.head, bytes, front.keys, grant)
                let admittance = try front.admit(passed.entry, cost: holder.route.cost)
                pass(held.head, bytes, passed, admittance, held.forwarding)
                return nil
            } catch {
                return error
            }
        }
        if let fault { return refuse(fault) }
        self.held = nil
        waitDeadline = front.loop.now + front.settings.limits.waitMax
        goOn()
    }

    /// The waiting is over.
    func admitted() {
        guard phase == .queued else { return }
        (phase, isCounted) = (.waiting, true)
        waitDeadline = front.loop.now + front.settings.limits.waitMax
        goOn()
    }

    private func goOn() {
        switch phase {
        case .verifying: front.verify(held!.token, for: self)
        case .queued: front.queue(self, because: reason)
        case .waiting, .connecting, .sent, .answering, .done: front.want(self, deadline: waitDeadline)
        }
    }

    var instance: InstanceID { InstanceID(entry.id, holder.route.kind) }
    var gauge: ProjectGauge? { isCounted ? entry.gauge : nil }

    /// Takes the bytes behind the head, and asks for the lease. Returns how many bytes belong to the request.
    func begin(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Int {
        var count = 0
        if !upload.isComplete {
            front.piece.removeAll()
            count = try upload.receive(bytes, into: front.piece)
            keep(front.piece.bytes)
            if !body.isEmpty || upload.isComplete { expectsContinue = false }
        }
        goOn()
        return count
    }

    /// Whether the client's bytes are wanted now.
    var wantsBody: Bool {
        if let tunnel { return !tunnel.hasClientEnded && upstream?.stream.isBlocked == false && !isPaused }
        guard !upload.isComplete, !isUploadBroken, phase != .done, !isPaused else { return false }
        guard let upstream else { return body.count < RetryRule.bodyMax }
        return !upstream.stream.isBlocked
    }

    var isUploaded: Bool { upload.isComplete }

    /// For the lease.
    var isWaiting: Bool { use == nil }

    /// Takes the body's next bytes; returns how many belong to it.
    func received(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Int {
        if tunnel != nil {
            tunnelClientSaid(bytes)
            return bytes.count
        }
        expectsContinue = false
        if let count = upload.passThrough(bytes.count) {
            pass(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return count
        }
        front.piece.removeAll()
        let count = try upload.receive(bytes, into: front.piece)
        pass(front.piece.bytes)
        return count
    }

    /// The body of a request whose framing is `untilClose` is complete.
    func bodyEnded() {
        front.piece.removeAll()
        upload.end(into: front.piece)
        pass(front.piece.bytes)
    }

    private func pass(_ piece: UnsafeRawBufferPointer) {
        if upload.isComplete { client.bodyCame() }
        charge(piece.count)
        guard let upstream else { return keep(piece) }
        if canReplay {
            keep(piece)
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
        if use == nil, isCounted { front.giveUp(self) }
        outcome.source = .nobody
        conclude(reusing: false)
    }

    var isPaused: Bool { pause != nil }

    /// The client has taken all that was passed on.
    func clientDrained() { upstream?.pumpSoon() }

    /// No byte of the answer came in time, or the instance does not read.
    func timedOut() {
        use?.outlier.timedOut(at: front.loop.now)
        refuse(.responseTimedOut)
    }

    // MARK: The lease

    func proceed(_ use: LeaseBook.Use, wake: Duration?) {
        self.use = use
        if let wake { answer.wake = wake }
        if let wait = use.outlier.admit(at: front.loop.now) { return refuse(.unresponsive(wait)) }
        connect(isFresh: false)
    }

    /// Answers with a fault; what is under way is ended. When half an answer has left, the connection is cut.
    func refuse(_ fault: Fault) {
        guard phase != .done else { return }
        if let held, front.isOneTooMany(fault, from: held.forwarding) { answer.closes = true }
        let (client, context, isUploaded) = (client!, answer, upload.isComplete)
        let isAnswering = phase == .answering
        if entry == nil { front.countStranger(fault, subject) }
        if !isAnswering { (outcome.source, outcome.status) = (.front(code: fault.code), fault.status) }
        conclude(reusing: false)
        if isAnswering { client.cut() } else { client.answered(context, with: fault, isRequestRead: isUploaded) }
    }

    func abort(_ fault: Fault) { refuse(fault) }

    // MARK: Sending

    private func connect(isFresh: Bool) {
        guard let use else { preconditionFailure("a request without a lease connects") }
        phase = .connecting
        attempts += 1
        do throws(SystemError) {
            let upstream = try front.upstream(use, isFresh: isFresh, isCareful: !method.isIdempotent)
            self.upstream = upstream
            upstream.begin(self)
            send(on: upstream, use)
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

    private func send(on upstream: UpstreamConnection, _ use: LeaseBook.Use) {
        phase = .sent
        sentBefore = upstream.stream.sentCount
        head.truncate(to: headCount)
        RequestForwarding.appendEnd(use, to: head)
        if !body.isEmpty { head.append(body) }
        let isSent = upstream.stream.send(head.bytes)
        head.truncate(to: headCount)
        guard isSent else { return lost(sent) }
        if body.count > RetryRule.bodyMax { letGo() }
        if upload.isComplete {
            startAnswerTimer()
        } else {
            if expectsContinue, !answer.isOld { client.sendContinue() }
            expectsContinue = false
            client.readBodySoon()
        }
    }

    private func keep(_ piece: UnsafeRawBufferPointer) {
        body += piece
        front.memory.bytes += piece.count
    }

    /// The body is too long to be kept, or needed no more.
    private func letGo() {
        canReplay = false
        front.memory.bytes -= body.count
        body.removeAll(keepingCapacity: body.capacity <= RetryRule.bodyMax)
    }

    func upstreamDrained() {
        if let tunnel {
            if tunnel.hasClientEnded { upstream?.stream.shutDownSending() } else { client.readBodySoon() }
            return
        }
        if !upload.isComplete { client.readBodySoon() }
    }

    private var sent: RetryRule.Failure { .lost(isSent: upstream.map { $0.stream.sentCount > sentBefore } ?? false) }

    // MARK: Another protocol

    /// 101 came, and its head has left to the client.
    func beginTunnel() {
        tunnel = Tunnel(lastByte: front.loop.now)
        client.awaitTunnel()
    }

    private func tunnelClientSaid(_ bytes: UnsafeRawBufferPointer) {
        tunnel!.lastByte = front.loop.now
        charge(bytes.count)
        if upstream?.stream.send(bytes) != true { upstream?.pumpSoon() }
    }

    func tunnelInstanceSaid(_ bytes: UnsafeRawBufferPointer) {
        tunnel!.lastByte = front.loop.now
        charge(bytes.count)
        client.send(bytes)
    }

    /// The client sends no more; the instance hears of it behind all that was said before.
    func tunnelClientEnded() {
        guard tunnel?.hasClientEnded == false else { return }
        tunnel!.hasClientEnded = true
        if let stream = upstream?.stream, !stream.isBlocked { stream.shutDownSending() }
        endTunnel()
    }

    func tunnelInstanceEnded() {
        guard tunnel?.hasInstanceEnded == false else { return }
        tunnel!.hasInstanceEnded = true
        client.sendEnd()
        endTunnel()
    }

    private func endTunnel() {
        guard let tunnel, tunnel.hasClientEnded, tunnel.hasInstanceEnded else { return }
        let client = client!
        conclude(reusing: false)
        client.answered(closes: true, isRequestRead: true)
    }

    // MARK: Failing

    /// The connection ended before an answer's head came.
    func lostBeforeAnswer() { lost(sent) }

    func misdirected() { lost(.misdirected) }

    private func lost(_ failure: RetryRule.Failure) {
        dropUpstream()
        isUploadBroken = false
        switch RetryRule.decide(failure, method, canReplay: canReplay, attempts: attempts) {
        case .again where failure == .lost(isSent: true) && !entry.retries.take(): refuse(.connectionLost)
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
        use?.outlier.answered()
        letGo()
        if let rate = entry.rules.rate {
            answer.rate = RateLimitFields(rate, word: entry.gauge.rateWord, at: front.loop.now)
        }
    }

    /// Ends the exchange: gives up connection, lease and place, and may be used again at once. The client is told by
    /// the caller.
    func conclude(reusing isReusable: Bool) {
        guard phase != .done else { return }
        switch phase {
        case .verifying: if let held { front.unverify(held.token, for: self) }
        case .queued: front.unqueue(self)
        case .waiting, .connecting, .sent, .answering, .done: break
        }
        phase = .done
        if let retry { front.loop.cancel(retry) }
        if let pause { front.loop.cancel(pause) }
        (retry, pause, held) = (nil, nil, nil)
        if isReusable, upload.isComplete, let upstream {
            upstream.end()
            front.keep(upstream)
            self.upstream = nil
        } else {
            dropUpstream()
        }
        letGo()
        head.shrink(to: Self.headKeptMax)
        count()
        front.ended(self)
        (client, use, entry) = (nil, nil, nil)
        front.exchanges.put(self)
    }

    private func count() {
        if case .instance = outcome.source, answer.wake == nil, attempts == 1, subject == nil, let entry {
            let duration = front.loop.now.nanoseconds - began.nanoseconds
            let (received, passed) = (upload.received, download?.passed ?? 0)
            return front.countAnswer(outcome.status, of: entry, took: duration, bytesIn: received, bytesOut: passed)
        }
        outcome.duration = front.loop.now.nanoseconds - began.nanoseconds
        outcome.wake = answer.wake?.nanoseconds
        outcome.retries = max(0, attempts - 1)
        outcome.bytesIn = upload.received
        outcome.bytesOut = download?.passed ?? 0
        if let entry { front.count(outcome, of: entry, subject, holder.route.kind) }
        subject = nil
    }

    private func dropUpstream() {
        upstream?.close()
        upstream = nil
    }

    /// Counted once, from the moment that the whole request has left for the first time.
    private func startAnswerTimer() {
        let deadline = answerDeadline ?? front.loop.now + holder.route.timeout
        answerDeadline = deadline
        client.awaitAnswer(until: deadline)
    }
}
