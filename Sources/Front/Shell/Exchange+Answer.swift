import Contracts
import HTTP
import Nouns
import Routing
import Telemetry

/// What comes from the instance.
extension Exchange {
    /// Whether the instance is to be read from: not while the client is slow to take what came before.
    var canTakeAnswer: Bool { !client.isBlocked && !isPaused }

    var awaitsHead: Bool { download == nil }

    /// 103 and the like go on to clients that understand them; `100 Continue` is ours to say.
    func receivedInterim(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer) {
        guard head.status != 100, !answer.isOld else { return }
        client.sendInterim(head, bytes, answer)
    }

    func receivedHead(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        if head.status == 101 { return changedOver(head, bytes, behind: body) }
        if head.status == 421, use?.endpoint.token != nil { return misdirected() }
        let framing = client.framing(of: head)
        // A client that has not said all may not hear of the connection's end before it tries the next request.
        answer.closes = answer.closes || !isUploaded || framing == .untilClose || front.isDraining
        beginAnswering()
        (outcome.source, outcome.status) = (.instance, head.status)
        client.sendHead(head, bytes, answer)
        download = Download(head.framing, as: framing, takesTrailers: answer.takesTrailers)
        do {
            let count = try receive(body)
            isReusable = head.isKeptAlive
            if let type = head.fields.first(.contentType) { isEventStream = Self.isEventStream(bytes[type]) }
            client.flush()
            client.noticeEnd()
            if download!.isComplete { answered(hasExcess: count < body.count) }
        } catch {
            client.flush()
            refuse(.responseMalformed)
        }
    }

    private static func isEventStream(_ type: UnsafeRawBufferPointer) -> Bool {
        let name: StaticString = "text/event-stream"
        return type.count >= name.utf8CodeUnitCount
            && type[ByteRange(0, name.utf8CodeUnitCount)].equalsIgnoringCase(name)
    }

    /// The instance speaks another protocol from here on.
    private func changedOver(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, behind: UnsafeRawBufferPointer
    ) {
        guard answer.upgrades, head.fields.contains(.upgrade) else { return answerMalformed() }
        answer.closes = true
        beginAnswering()
        download = Download(.untilClose, as: .untilClose, takesTrailers: false)
        client.sendHead(head, bytes, answer)
        if !behind.isEmpty { client.send(behind) }
        client.flush()
        beginTunnel()
        client.readBodySoon()
    }

    func receivedBody(_ bytes: UnsafeRawBufferPointer) {
        if tunnel != nil { return tunnelInstanceSaid(bytes) }
        do {
            let count = try receive(bytes)
            if download!.isComplete { answered(hasExcess: count < bytes.count) }
        } catch {
            refuse(.responseMalformed)
        }
    }

    /// Passes on what belongs to the body; returns how much that was.
    private func receive(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Int {
        if let count = download!.passThrough(bytes.count) {
            if count > 0 { client.send(UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
            charge(count)
            return count
        }
        front.piece.removeAll()
        // What was good before the fault goes on.
        defer { if !front.piece.isEmpty { client.send(front.piece.bytes) } }
        let count = try download!.receive(bytes, into: front.piece)
        charge(count)
        return count
    }

    /// The instance said what is no HTTP.
    func answerMalformed() { refuse(.responseMalformed) }

    /// The instance's connection is over.
    func upstreamEnded() {
        guard download != nil else { return lostBeforeAnswer() }
        if tunnel != nil { return tunnelInstanceEnded() }
        isReusable = false
        front.piece.removeAll()
        let isWhole = download!.end(into: front.piece)
        if !front.piece.isEmpty { client.send(front.piece.bytes) }
        if isWhole {
            answered(hasExcess: false)
        } else {
            refuse(.connectionLost)
        }
    }

    private func answered(hasExcess: Bool) {
        guard phase == .answering else { return }
        if let trailers = download?.trailers, !trailers.isEmpty { client.sendTrailers(trailers) }
        let (client, closes, isUploaded) = (client!, answer.closes, isUploaded)
        conclude(reusing: isReusable && !hasExcess)
        client.answered(closes: closes, isRequestRead: isUploaded)
    }
}
