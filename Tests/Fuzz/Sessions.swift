import HTTP
import HTTP2
import HTTP2Support
import Nouns

extension FuzzTarget {
    /// The server's end of an HTTP/2 connection, behind the preface: an answer for every request.
    package static let http2 = FuzzTarget(
        "http2",
        frames: [
            [Frame(.settings)],
            [Frame(.settings), Frame(.ping, [UInt8](repeating: 1, count: 8)), request(1, isAll: true)],
            [Frame(.settings), request(1, isAll: false), Frame(.data, flags: Frame.endStream, stream: 1, [1, 2, 3])],
            [request(1, isAll: true), request(3, isAll: true), Frame(.reset, stream: 3, Frame.word(8))],
            [request(1, isAll: false), Frame(.headers, flags: 5, stream: 1, Frame.fields([("x-trailer", "a")]))],
            [Frame(.windowUpdate, Frame.word(1_000)), Frame(.goAway, Frame.word(0) + Frame.word(0))],
            [Frame(.settings, [0, 4] + Frame.word(100)), request(1, isAll: true)],
        ]
    ) { bytes in
        let whole = play(bytes, bytes.count)
        try demand(whole.openMost <= streamsMax, "\(whole.openMost) streams at once")
        try demand(whole.openInTheEnd == 0, "\(whole.openInTheEnd) streams are left")
        // Behind a goodbye nghttp2 reads on to the end of what it was given, and then no more.
        for size in [1, 9, 64] where !saysGoodbye(bytes) {
            let pieces = play(bytes, size)
            try demand(pieces.seen == whole.seen, "in pieces of \(size): \(pieces.seen), at once: \(whole.seen)")
        }
        if let stranger = whole.strange { throw Broken("a head that HTTP/1 does not know: \(stranger)") }
    }

    private static let streamsMax = 4

    /// Whether one of the frames is a GOAWAY.
    private static func saysGoodbye(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index + 9 <= bytes.count {
            if bytes[index + 3] == Frame.Kind.goAway.rawValue { return true }
            index += 9 + (Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2]))
        }
        return false
    }

    private static func request(_ stream: UInt32, isAll: Bool) -> Frame {
        let fields = FrameClient.pseudo("POST", "/a?b=c") + [("cookie", "d=e"), ("cookie", "f=g"), ("x-h", "i")]
        let flags = Frame.endHeaders | (isAll ? Frame.endStream : 0)
        return Frame(.headers, flags: flags, stream: stream, Frame.fields(fields))
    }

    private init(
        _ name: String, frames: [[Frame]], _ check: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.init(
            name, seeds: [], words: [":method", ":path", "cookie", "content-length", "\u{0}\u{0}\u{0}\u{4}"], check)
        seeds = frames.map { $0.flatMap(\.bytes) }
    }

    /// What a server saw of a connection.
    private struct Course {
        /// Requests as heads, refusals as codes, bodies and their ends, in order of each stream.
        var seen: [Int32: [String]] = [:]
        var openMost = 0
        var openInTheEnd = 0
        var strange: String?
    }

    private static func play(_ bytes: UnsafeRawBufferPointer, _ size: Int) -> Course {
        let server = Server()
        var limits = HTTP2Limits()
        (limits.streamsMax, limits.streamWindow) = (streamsMax, 1_024)
        let session = HTTP2Session(limits, owner: server, at: Instant.zero)
        FrameClient.preface.withUnsafeBytes { session.receive($0, at: .zero) }
        var index = 0
        while index < bytes.count {
            let end = min(bytes.count, index + size)
            bytes.withPiece(index..<end) { session.receive($0, at: .zero) }
            index = end
            server.course.openMost = max(server.course.openMost, session.streamCount)
        }
        session.fill(OutputBuffer(), max: 1 << 20)
        session.abandon()
        server.course.openInTheEnd = server.open
        return server.course
    }

    private final class Server: HTTP2SessionOwner {
        var course = Course()
        var open = 0

        func requestCame(_ stream: HTTP2Stream, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer) {
            course.seen[stream.id, default: []].append(bytes.text)
            var scanner = RequestScanner(HeadLimits())
            if (try? scanner.scan(bytes)) != true || scanner.head.length != bytes.count { course.strange = bytes.text }
            begin(stream)
            let fields = HTTP2Fields()
            fields.begin(200)
            stream.answer(fields, isAll: false)
            [UInt8](repeating: 120, count: 100).withUnsafeBytes { stream.send($0) }
            stream.end()
        }

        func requestRefused(_ stream: HTTP2Stream, _ fault: Fault) {
            course.seen[stream.id, default: []].append(fault.code)
            begin(stream)
            let fields = HTTP2Fields()
            fields.begin(fault.status)
            stream.answer(fields, isAll: true)
            stream.refuseRest()
        }

        private func begin(_ stream: HTTP2Stream) {
            open += 1
            stream.owner = Watcher(self, stream)
        }
    }

    private final class Watcher: HTTP2StreamOwner {
        private let server: Server
        private unowned let stream: HTTP2Stream
        private var body = 0

        init(_ server: Server, _ stream: HTTP2Stream) { (self.server, self.stream) = (server, stream) }

        func streamReceived(_ bytes: UnsafeRawBufferPointer) {
            body += bytes.count
            stream.consumed(bytes.count)
        }
        func streamReceivedEnd() { server.course.seen[stream.id, default: []].append("end behind \(body)") }
        func streamDrained() {}
        func streamClosed() { server.open -= 1 }
    }
}

extension UnsafeRawBufferPointer {
    /// A range, in memory of its own.
    fileprivate func withPiece(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) {
        UnsafeRawBufferPointer(rebasing: self[range]).withPrefix(range.count, body)
    }
}
