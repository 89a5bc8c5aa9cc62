import HTTP
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
        do throws(Fault) {
            let passed = try Gate.pass(head, bytes, front.settings, front.keys)
            do throws(Fault) {
                try front.admit(passed.entry.gauge)
            } catch {
                front.countRefused(error, passed, front.subject(head, bytes, answer.requestID, host))
                return refuse(error, head, answer, body)
            }
            answer.upgrades = passed.upgrades
            return exchange(head, bytes, passed, answer, body, framing ?? head.framing)
        } catch {
            front.countStranger(error, front.subject(head, bytes, answer.requestID, host))
            return refuse(error, head, answer, body)
        }
    }

    private func exchange(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ passed: Gate.Passed,
        _ answer: ResponseForwarding.Context, _ body: UnsafeRawBufferPointer, _ framing: BodyFraming
    ) -> Int {
        let context = RequestForwarding.Context(
            match: passed.match, entry: passed.entry, requestID: answer.requestID,
            forwarding: Forwarding(head, bytes, from: origin, front.settings.proxies),
            strippedQuery: passed.strippedQuery, trace: front.traces.next(), upgrades: passed.upgrades)
        let exchange = front.exchanges.take(front)
        exchange.take(
            head, framing: framing, passed, for: self, answer: answer,
            subject: front.subject(head, bytes, answer.requestID, host))
        RequestForwarding.append(head, bytes, context, to: exchange.head)
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
        _ fault: Fault, _ head: RequestHead, _ answer: ResponseForwarding.Context, _ body: UnsafeRawBufferPointer
    ) -> Int {
        let (count, isRead) = Self.skip(head.framing, body)
        let closes = answer.closes || !isRead
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
