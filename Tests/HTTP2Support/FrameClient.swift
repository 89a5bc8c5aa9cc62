import CNghttp2

/// A client that says exactly the frames that a test wants, and takes apart what it is told.
package final class FrameClient {
    package struct Answer {
        package var status = 0
        package var fields: [(name: String, value: String)] = []
        package var body: [UInt8] = []
        /// The statuses of interim answers.
        package var interim: [Int] = []
        package var isComplete = false
        /// RST_STREAM's code.
        package var reset: UInt32?

        package init() {}

        package var text: String { String(decoding: body, as: UTF8.self) }
        package subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

        /// The `code` of an error's body.
        package var code: String? {
            guard let start = text.firstRange(of: "\"code\":\"") else { return nil }
            return String(text[start.upperBound...].prefix { $0 != "\"" })
        }
    }

    package static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    package private(set) var frames: [Frame] = []
    package private(set) var answers: [UInt32: Answer] = [:]
    /// GOAWAY's code and last stream, of each.
    package private(set) var goAways: [(code: UInt32, last: UInt32)] = []
    /// Gives windows back as bodies come.
    package var takesBodies = true
    /// Answers settings and pings.
    package var isPolite = true
    private var inbox: [UInt8] = []
    private var outbox: [UInt8] = []
    private var inflater: OpaquePointer?
    private var headerBlock: [UInt8] = []
    private var nextStream: UInt32 = 1

    /// Begins with the preface and empty settings.
    package init(settings: [(id: UInt16, value: UInt32)] = [], hasPreface: Bool = true) {
        nghttp2_hd_inflate_new(&inflater)
        if hasPreface { outbox += Self.preface }
        let payload = settings.flatMap { [UInt8($0.id >> 8), UInt8($0.id & 255)] + Frame.word($0.value) }
        say(Frame(.settings, payload))
    }

    deinit { nghttp2_hd_inflate_del(inflater) }

    // MARK: Saying

    package func say(_ frame: Frame) { outbox += frame.bytes }
    package func say(raw bytes: [UInt8]) { outbox += bytes }

    package func takeOutgoing() -> [UInt8] {
        defer { outbox = [] }
        return outbox
    }

    package static func pseudo(
        _ method: String, _ path: String, authority: String = "h", scheme: String = "http"
    ) -> [(String, String)] {
        [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]
    }

    /// Says a request's fields; returns its stream.
    @discardableResult
    package func request(_ fields: [(String, String)], isAll: Bool = true) -> UInt32 {
        let stream = nextStream
        nextStream += 2
        let block = Frame.fields(fields)
        var rest = block[...]
        repeat {
            let piece = Array(rest.prefix(16_384))
            let isFirst = rest.count == block.count
            rest = rest.dropFirst(16_384)
            let flags = (rest.isEmpty ? Frame.endHeaders : 0) | (isFirst && isAll ? Frame.endStream : 0)
            say(Frame(isFirst ? .headers : .continuation, flags: flags, stream: stream, piece))
        } while !rest.isEmpty
        return stream
    }

    package func body(_ text: String, on stream: UInt32, isAll: Bool = true) {
        say(Frame(.data, flags: isAll ? Frame.endStream : 0, stream: stream, Array(text.utf8)))
    }

    package func reset(_ stream: UInt32, code: UInt32 = 8) { say(Frame(.reset, stream: stream, Frame.word(code))) }

    package func enlargeWindow(_ stream: UInt32, by count: UInt32) {
        say(Frame(.windowUpdate, stream: stream, Frame.word(count)))
    }

    // MARK: Hearing

    package func receive(_ bytes: [UInt8]) {
        inbox += bytes
        while let frame = Frame(inbox[...]) {
            inbox.removeFirst(9 + frame.payload.count)
            frames.append(frame)
            take(frame)
        }
    }

    private func take(_ frame: Frame) {
        switch Frame.Kind(rawValue: frame.kind) {
        case .headers, .continuation:
            headerBlock += frame.payload
            if frame.flags & Frame.endHeaders != 0 { takeFields(frame.stream) }
            if frame.isA(.headers), frame.flags & Frame.endStream != 0 { answers[frame.stream]?.isComplete = true }
        case .data:
            answers[frame.stream, default: Answer()].body += frame.payload
            if frame.flags & Frame.endStream != 0 { answers[frame.stream]?.isComplete = true }
            if takesBodies, !frame.payload.isEmpty {
                enlargeWindow(0, by: UInt32(frame.payload.count))
                enlargeWindow(frame.stream, by: UInt32(frame.payload.count))
            }
        case .reset: answers[frame.stream, default: Answer()].reset = frame.word(at: 0)
        case .settings:
            if isPolite, frame.flags & Frame.acknowledged == 0 { say(Frame(.settings, flags: Frame.acknowledged)) }
        case .ping:
            if isPolite, frame.flags & Frame.acknowledged == 0 {
                say(Frame(.ping, flags: Frame.acknowledged, frame.payload))
            }
        case .goAway: goAways.append((code: frame.word(at: 4), last: frame.word(at: 0)))
        default: break
        }
    }

    private func takeFields(_ stream: UInt32) {
        var answer = answers[stream] ?? Answer()
        var rest = headerBlock[...]
        headerBlock = []
        while true {
            var pair = nghttp2_nv()
            var flags: Int32 = 0
            let count = rest.withUnsafeBufferPointer {
                nghttp2_hd_inflate_hd2(inflater, &pair, &flags, $0.baseAddress, $0.count, 1)
            }
            guard count >= 0 else { return }
            rest = rest.dropFirst(count)
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                let name = String(decoding: UnsafeBufferPointer(start: pair.name, count: pair.namelen), as: UTF8.self)
                let value = String(
                    decoding: UnsafeBufferPointer(start: pair.value, count: pair.valuelen), as: UTF8.self)
                if name == ":status" { answer.status = Int(value)! } else { answer.fields.append((name, value)) }
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 { break }
        }
        nghttp2_hd_inflate_end_headers(inflater)
        if answer.status < 200 {
            answer.interim.append(answer.status)
            (answer.status, answer.fields) = (0, [])
        }
        answers[stream] = answer
    }
}
