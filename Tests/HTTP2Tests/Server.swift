import CNghttp2
import HTTP
import HTTP2
import HTTP2Support
import Nouns

/// A session of ours with its client, and requests that are answered as the test says.
final class Server: HTTP2SessionOwner {
    /// One request as it came.
    final class Arrival: HTTP2StreamOwner {
        let stream: HTTP2Stream
        let head: String
        let framing: BodyFraming
        var body: [UInt8] = []
        /// Gives room back at once.
        var consumes = true
        var hasEnd = false
        var isClosed = false
        var drainCount = 0

        init(_ stream: HTTP2Stream, _ head: String, _ framing: BodyFraming) {
            (self.stream, self.head, self.framing) = (stream, head, framing)
        }

        func streamReceived(_ bytes: UnsafeRawBufferPointer) {
            body += bytes
            if consumes { stream.consumed(bytes.count) }
        }
        func streamReceivedEnd() { hasEnd = true }
        func streamDrained() { drainCount += 1 }
        func streamClosed() { isClosed = true }

        func answer(_ status: Int, _ body: String? = nil) {
            let fields = HTTP2Fields()
            fields.begin(status)
            fields.add(lines: "Content-Type: text/plain\r\nx-request-id: 7\r\n")
            stream.answer(fields, isAll: body == nil)
            if let body {
                send(body)
                stream.end()
            }
        }

        func send(_ text: String) { Array(text.utf8).withUnsafeBytes { stream.send($0) } }
    }

    let client: FrameClient
    private(set) var session: HTTP2Session!
    private(set) var arrivals: [Arrival] = []
    private(set) var refusals: [Fault] = []
    var now = Instant.zero
    /// What to do with each request at once.
    var onRequest: (Arrival) -> Void = { _ in }
    /// Bytes that the client's side of the line takes at a time.
    var fillMax = 1 << 20
    var pieceMax = Int.max

    init(_ client: FrameClient = FrameClient(), _ limits: (inout HTTP2Limits) -> Void = { _ in }) {
        self.client = client
        var chosen = HTTP2Limits()
        limits(&chosen)
        session = HTTP2Session(chosen, owner: self, at: now)
    }

    func requestCame(_ stream: HTTP2Stream, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer) {
        let arrival = Arrival(stream, bytes.text, head.framing)
        stream.owner = arrival
        arrivals.append(arrival)
        onRequest(arrival)
    }

    func requestRefused(_ stream: HTTP2Stream, _ fault: Fault) {
        refusals.append(fault)
        let fields = HTTP2Fields()
        fields.begin(fault.status)
        stream.answer(fields, isAll: true)
        stream.refuseRest()
    }

    /// Carries bytes both ways until nothing moves.
    func carry() {
        while true {
            let toServer = client.takeOutgoing()
            var rest = toServer[...]
            while !rest.isEmpty {
                rest.prefix(pieceMax).withUnsafeBytes { session.receive($0, at: now) }
                rest = rest.dropFirst(pieceMax)
            }
            let output = OutputBuffer()
            session.fill(output, max: fillMax)
            let toClient = Array(output.bytes)
            client.receive(toClient)
            if toServer.isEmpty, toClient.isEmpty { return }
        }
    }

    /// The client says this request, and all is carried.
    @discardableResult
    func ask(_ fields: [(String, String)], isAll: Bool = true) -> UInt32 {
        let stream = client.request(fields, isAll: isAll)
        carry()
        return stream
    }

    subscript(_ stream: UInt32) -> FrameClient.Answer { client.answers[stream] ?? FrameClient.Answer() }
}

extension HTTP2Fields {
    func add(lines: String) { Array(lines.utf8).withUnsafeBytes { add(lines: $0) } }
}
