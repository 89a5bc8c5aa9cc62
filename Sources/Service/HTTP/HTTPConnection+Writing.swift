import HTTP
import Linux
import Nouns

extension HTTPConnection {
    /// Writes a whole answer to the request under way.
    func answer(_ response: Response) {
        guard case .handling = state else { return }
        let framing = response.body.isEmpty ? BodyFraming.none : .length(response.body.count)
        let head = head(of: response, framing)
        write(head, isHead ? [] : response.body)
        if !isClosed { answered() }
        pump()
    }

    /// Writes the head of an answer that goes on.
    func stream(_ response: Response) -> ResponseStream {
        let stream = ResponseStream(self)
        guard case .handling = state else {
            stream.closeSoon(on: server.loop)
            return stream
        }
        let isChunked = minorVersion == 1
        if !isChunked { isKeptAlive = false }
        write(head(of: response, isChunked ? .chunked : .untilClose))
        if isHead, !isClosed { answered() }
        guard case .handling = state else {
            stream.closeSoon(on: server.loop)
            pump()
            return stream
        }
        state = .streaming(ResponseStream.Reference(stream))
        return stream
    }

    func sendPart(_ bytes: [UInt8]) {
        guard case .streaming = state, !bytes.isEmpty else { return }
        guard output.count - outputStart + bytes.count <= server.limits.waitingMax else { return close() }
        guard minorVersion == 1 else { return write(bytes) }
        var chunk: [UInt8] = []
        chunk.reserveCapacity(bytes.count + 16)
        bytes.withUnsafeBytes { ChunkedEncoder.append($0, to: &chunk) }
        write(chunk)
    }

    func finishStream() {
        guard case .streaming = state else { return }
        state = .handling
        if minorVersion == 1 {
            var end: [UInt8] = []
            ChunkedEncoder.appendEnd(to: &end)
            write(end)
        }
        if !isClosed { answered() }
        pump()
    }

    func writeContinue() {
        var interim: [UInt8] = []
        HeadWriter.status(100, to: &interim)
        HeadWriter.end(&interim)
        write(interim)
    }

    /// Writes now what the socket takes, and the rest when it takes more.
    func write(_ first: [UInt8], _ second: [UInt8] = []) {
        guard !isClosed else { return }
        guard output.isEmpty else {
            output += first
            output += second
            return
        }
        let sent = first.withUnsafeBytes { first in second.withUnsafeBytes { second in send(first, second) } }
        guard let sent else { return close() }
        guard sent < first.count + second.count else { return }
        if sent < first.count {
            output = Array(first[sent...]) + second
        } else {
            output = Array(second[(sent - first.count)...])
        }
        outputStart = 0
        setDeadline(after: server.limits.bodyTimeout)
    }

    func flush() {
        let sent = output.withUnsafeBytes {
            send(UnsafeRawBufferPointer(rebasing: $0[outputStart...]), UnsafeRawBufferPointer(start: nil, count: 0))
        }
        guard let sent else { return close() }
        outputStart += sent
        if outputStart == output.count { return flushed() }
        if sent > 0 { setDeadline(after: server.limits.bodyTimeout) }
        if outputStart > output.count / 2 {
            output.removeFirst(outputStart)
            outputStart = 0
        }
    }

    private func head(of response: Response, _ framing: BodyFraming) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(256)
        HeadWriter.status(response.status, to: &head)
        HeadWriter.field("date", server.date(), to: &head)
        if let type = response.contentType { HeadWriter.field("content-type", type, to: &head) }
        for field in response.fields { HeadWriter.field(field.name, field.value, to: &head) }
        HeadWriter.framing(framing, status: response.status, to: &head)
        if !isKeptAlive || server.isDraining {
            isKeptAlive = false
            HeadWriter.field("connection", "close" as StaticString, to: &head)
        } else if minorVersion == 0 {
            HeadWriter.field("connection", "keep-alive" as StaticString, to: &head)
        }
        HeadWriter.end(&head)
        return head
    }
}
