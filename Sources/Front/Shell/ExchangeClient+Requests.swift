import Contracts
import HTTP
import Linux
import Nouns
import Routing

/// What becomes of a request whose head is complete.
extension ExchangeClient {
    /// Answers the request, or begins its exchange. `body` is what came behind the head; returns how many bytes of it
    /// belong to the request.
    ///
    /// - Parameter framing: in which form the body comes, if not in the head's; `untilClose` is ended by
    ///   `Exchange.bodyEnded`.
    func serve(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer,
        framing: BodyFraming? = nil
    ) -> Int {
        var answer = ResponseForwarding.Context(
            requestID: RequestID.presented(head, in: bytes) ?? front.requestIDs.next(), method: head.method,
            crossOrigin: CrossOrigin(head, in: bytes), wake: nil, closes: !head.isKeptAlive || front.isDraining,
            isOld: head.minorVersion == 0)
        answer.takesTrailers = head.fields.takesTrailers(in: bytes)
        if head.method == .options { return preflight(head, answer, body) }
        let forwarding =
            front.settings.proxies.ignoresClaims
            ? origin : Forwarding(head, bytes, from: origin, front.settings.proxies)
        do throws(Fault) {
            // Else its connection was turned away.
            if forwarding.isShared { try front.checkBadRequests(of: forwarding) }
            let request = try Gate.read(head, bytes, front.settings.active)
            answer.upgrades = request.upgrades
            let framing = framing ?? head.framing
            var grant: TokenGrant?
            if let token = request.token {
                switch front.tokens.look(token, at: front.loop.now) {
                case .valid(let found): grant = found
                case .unknown: throw .tokenUnknown
                case .unheardOf: return hold(head, bytes, request, forwarding, answer, body, framing)
                }
            }
            let passed = try Gate.pass(request, head, bytes, front.keys, grant)
            let admittance: Admittance
            do throws(Fault) {
                admittance = try front.admit(passed.entry, cost: passed.match.holder.route.cost)
            } catch {
                front.countRefused(error, passed, front.subject(head, bytes, answer.requestID, forwarding))
                return refuse(error, head, forwarding, answer, body)
            }
            return exchange(head, bytes, passed, admittance, forwarding, answer, body, framing)
        } catch {
            front.countStranger(error, front.subject(head, bytes, answer.requestID, forwarding))
            return refuse(error, head, forwarding, answer, body)
        }
    }

    private func exchange(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ passed: Gate.Passed, _ admittance: Admittance,
        _ forwarding: Forwarding, _ answer: ResponseForwarding.Context, _ body: UnsafeRawBufferPointer,
        _ framing: BodyFraming
    ) -> Int {
        let exchange = front.exchanges.take(front)
        exchange.take(
            head, framing: framing, passed.match.holder, for: self, answer: answer,
            subject: front.subject(head, bytes, answer.requestID, forwarding))
        exchange.pass(head, bytes, passed, admittance, forwarding)
        return begin(exchange, body)
    }

    /// Keeps a request until its token is checked.
    private func hold(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ request: Gate.Request,
        _ forwarding: Forwarding, _ answer: ResponseForwarding.Context, _ body: UnsafeRawBufferPointer,
        _ framing: BodyFraming
    ) -> Int {
        let exchange = front.exchanges.take(front)
        exchange.take(
            head, framing: framing, request.match.holder, for: self, answer: answer,
            subject: front.subject(head, bytes, answer.requestID, forwarding))
        exchange.hold(head, bytes, request, forwarding)
        return begin(exchange, body)
    }

    private func begin(_ exchange: Exchange, _ body: UnsafeRawBufferPointer) -> Int {
        begin(exchange)
        do throws(Fault) {
            let count = try exchange.begin(body)
            awaitBody()
            return count
        } catch {
            exchange.refuse(error)
            return body.count
        }
    }

    /// Any OPTIONS is answered here, for browsers that ask before they send.
    private func preflight(
        _ head: RequestHead, _ answer: ResponseForwarding.Context, _ body: UnsafeRawBufferPointer
    ) -> Int {
        let (count, isRead) = Self.skip(head.framing, body)
        let closes = answer.closes || !isRead
        var output: [UInt8] = []
        HeadWriter.status(204, to: &output)
        HeadWriter.field("x-request-id", answer.requestID.text, to: &output)
        if let crossOrigin = answer.crossOrigin {
            crossOrigin.append(to: &output)
            CrossOrigin.appendPreflight(to: &output)
        }
        if closes { HeadWriter.field("connection", "close" as StaticString, to: &output) }
        HeadWriter.end(&output)
        say(output, closes: closes, isRequestRead: isRead)
        return count
    }

    private func refuse(
        _ fault: Fault, _ head: RequestHead, _ forwarding: Forwarding, _ answer: ResponseForwarding.Context,
        _ body: UnsafeRawBufferPointer
    ) -> Int {
        let (count, isRead) = Self.skip(head.framing, body)
        let closes = front.isOneTooMany(fault, from: forwarding) || answer.closes || !isRead
        var extra: [UInt8] = []
        answer.crossOrigin?.append(to: &extra)
        let bytes = FaultBody.response(
            fault, requestID: answer.requestID.text, isHead: head.method == .head, closes: closes, extra: extra)
        say(bytes, closes: closes, isRequestRead: isRead)
        return count
    }

    /// Answers a request whose exchange is done with a fault.
    func answered(_ context: ResponseForwarding.Context, with fault: Fault, isRequestRead: Bool) {
        var extra: [UInt8] = []
        context.crossOrigin?.append(to: &extra)
        let closes = context.closes || !isRequestRead || front.isDraining
        let bytes = FaultBody.response(
            fault, requestID: context.requestID.text, isHead: context.method == .head, closes: closes, extra: extra)
        say(bytes, closes: closes, isRequestRead: isRequestRead)
    }

    /// How many of the bytes are the body of a request that is not forwarded, and whether that is all of it.
    private static func skip(_ framing: BodyFraming, _ body: UnsafeRawBufferPointer) -> (count: Int, isAll: Bool) {
        switch framing {
        case .none, .untilClose: (0, true)
        case .length(let length): (min(length, body.count), length <= body.count)
        case .chunked: (body.count, false)
        }
    }
}
