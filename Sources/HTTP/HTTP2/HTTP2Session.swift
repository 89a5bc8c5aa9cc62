import CNghttp2
import HTTP
import Nouns

/// The server's end of one HTTP/2 connection, by nghttp2 (RFC 9113): the client's bytes go in, requests come out to the
/// owner, answers go in through streams, and bytes for the client come out.
///
/// Touches no socket and no clock. Whoever breaks rules often, or asks for work without end, is told to calm down and
/// disconnected.
package final class HTTP2Session {
    package unowned let owner: any HTTP2SessionOwner
    /// Streams that are open.
    package var streamCount: Int { streams.count }
    /// The connection is over: what `fill` still gives is to be sent, then it is to be closed.
    package private(set) var isOver = false
    /// Bytes of answers that wait for the client.
    package internal(set) var keptCount = 0
    /// Requests that the client took back, or had ended by breaking a rule.
    package private(set) var resetCount: UInt64 = 0
    /// No more requests are taken.
    package private(set) var isDraining = false

    private(set) var pointer: OpaquePointer!
    private let limits: HTTP2Limits
    private let composer: HeadComposer
    private var scanner: RequestScanner
    /// In no order; each knows its place. nghttp2 finds them by their numbers, and does not keep them alive.
    private var streams: [HTTP2Stream] = []
    /// Streams to which there is room again since the last `fill`.
    private var drainedStreams: [HTTP2Stream] = []
    private var resets: FloodGuard
    private var controlFrames: FloodGuard
    private var now: Instant

    package init(_ limits: HTTP2Limits, owner: any HTTP2SessionOwner, at now: Instant) {
        (self.limits, self.owner, self.now) = (limits, owner, now)
        composer = HeadComposer(limits.head)
        scanner = RequestScanner(limits.head)
        resets = FloodGuard(limits.resets, at: now)
        controlFrames = FloodGuard(limits.controlFrames, at: now)
        let user = Unmanaged.passUnretained(self).toOpaque()
        let result = nghttp2_session_server_new2(&pointer, HTTP2Callbacks.all, user, HTTP2Callbacks.options)
        precondition(result == 0, "out of memory")
        var settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), value: UInt32(limits.streamsMax)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(limits.streamWindow)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(limits.head.bytesMax)),
            // The tree of priorities is work for no gain (RFC 9113 §5.3.2).
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1),
        ]
        nghttp2_submit_settings(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), &settings, settings.count)
        nghttp2_session_set_local_window_size(
            pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(limits.connectionWindow))
    }

    deinit { nghttp2_session_del(pointer) }

    // MARK: In

    /// Takes the client's next bytes, from its preface on.
    package func receive(_ bytes: UnsafeRawBufferPointer, at now: Instant) {
        guard !isOver else { return }
        self.now = now
        let count = nghttp2_session_mem_recv(pointer, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
        // What nghttp2 cannot go on from: no preface, or a flood of acknowledgements.
        if count < 0 { isOver = true }
    }

    // MARK: Out

    /// Appends what is to be sent, frame by frame, until there are `max` bytes or no more for now.
    package func fill(_ output: OutputBuffer, max: Int) {
        while output.count < max {
            var frame: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(pointer, &frame)
            guard count > 0 else {
                if count < 0 { isOver = true }
                break
            }
            output.append(UnsafeRawBufferPointer(start: frame, count: count))
        }
        if nghttp2_session_want_read(pointer) == 0, nghttp2_session_want_write(pointer) == 0 { isOver = true }
        guard !drainedStreams.isEmpty else { return }
        let drained = drainedStreams
        drainedStreams.removeAll(keepingCapacity: true)
        for stream in drained where !stream.isClosed { stream.owner?.streamDrained() }
    }

    // MARK: Ending

    /// Says that no new requests are taken. Those that the client has sent already, not knowing, are still taken until
    /// it is told for good, when it has answered (RFC 9113 §6.8).
    package func drain() {
        guard !isDraining, !isOver else { return }
        isDraining = true
        nghttp2_submit_shutdown_notice(pointer)
        nghttp2_submit_ping(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    /// Ends the connection when what was said has left, and with it all streams.
    package func terminate(_ code: nghttp2_error_code = NGHTTP2_NO_ERROR) {
        nghttp2_session_terminate_session(pointer, code.rawValue)
    }

    /// The connection is gone: so are its streams.
    package func abandon() {
        isOver = true
        let all = streams
        streams = []
        for stream in all {
            nghttp2_session_set_stream_user_data(pointer, stream.id, nil)
            close(stream)
        }
    }

    private func close(_ stream: HTTP2Stream) {
        stream.isClosed = true
        keptCount -= stream.keptCount
        let owner = stream.owner
        stream.owner = nil
        owner?.streamClosed()
    }

    // MARK: Streams

    /// Gives room back to the client.
    func consumed(_ count: Int, by stream: HTTP2Stream) {
        if !stream.isClosed { nghttp2_session_consume_stream(pointer, stream.id, count) }
        nghttp2_session_consume_connection(pointer, count)
    }

    func drained(_ stream: HTTP2Stream) { drainedStreams.append(stream) }

    // MARK: What nghttp2 tells

    func headBegan(_ id: Int32) {
        composer.begin()
        let stream = HTTP2Stream(id, of: self, place: streams.count)
        streams.append(stream)
        nghttp2_session_set_stream_user_data(pointer, id, Unmanaged.passUnretained(stream).toOpaque())
    }

    private func stream(_ id: Int32) -> HTTP2Stream? {
        nghttp2_session_get_stream_user_data(pointer, id).map {
            Unmanaged<HTTP2Stream>.fromOpaque($0).takeUnretainedValue()
        }
    }

    func field(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) { composer.add(name, value) }

    func headEnded(_ id: Int32, isAll: Bool) {
        guard let stream = stream(id) else { return }
        stream.hasReceivedAll = isAll
        do throws(Fault) {
            try composer.compose(hasBody: !isAll)
            scanner.reset()
            guard try scanner.scan(composer.bytes), scanner.head.length == composer.bytes.count else {
                throw .lineMalformed
            }
        } catch {
            return owner.requestRefused(stream, error)
        }
        owner.requestCame(stream, scanner.head, composer.bytes)
    }

    func dataCame(_ id: Int32, _ bytes: UnsafeRawBufferPointer) {
        guard let stream = stream(id), let owner = stream.owner else {
            // Nobody wants it: what is left of a refused request.
            nghttp2_session_consume(pointer, id, bytes.count)
            return
        }
        owner.streamReceived(bytes)
    }

    func endCame(_ id: Int32) {
        guard let stream = stream(id), !stream.hasReceivedAll else { return }
        stream.hasReceivedAll = true
        stream.owner?.streamReceivedEnd()
    }

    /// All of an answer has left.
    func answerLeft(_ id: Int32) {
        guard let stream = stream(id), stream.isCutWhenSaid, !stream.hasReceivedAll else { return }
        nghttp2_submit_rst_stream(
            pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_NO_ERROR.rawValue)
    }

    func streamClosed(_ id: Int32) {
        guard let stream = stream(id) else { return }
        let last = streams.removeLast()
        if last !== stream {
            streams[stream.place] = last
            last.place = stream.place
        }
        close(stream)
    }

    /// The client has taken a request back, or has had a stream ended by breaking a rule.
    func resetCame() {
        resetCount += 1
        if !resets.take(at: now) { terminate(NGHTTP2_ENHANCE_YOUR_CALM) }
    }

    /// The client asks for work that is no request.
    func controlFrameCame() { if !controlFrames.take(at: now) { terminate(NGHTTP2_ENHANCE_YOUR_CALM) } }

    /// The client has read that no more requests are taken.
    func pingAnswered() {
        guard isDraining else { return }
        let last = nghttp2_session_get_last_proc_stream_id(pointer)
        nghttp2_submit_goaway(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
    }
}
