import CNghttp2
import HTTP

/// One request and its answer on an HTTP/2 connection (RFC 9113 §5).
package final class HTTP2Stream {
    /// Bytes of an answer that may wait in memory before no more are wanted.
    package static let keptMax = 65_536

    package let id: Int32
    /// Let go of when the stream is over.
    package var owner: (any HTTP2StreamOwner)?
    /// Nothing more can be said.
    package internal(set) var isClosed = false
    /// The request's body is complete.
    package internal(set) var hasReceivedAll = false
    /// The answer's head has been said.
    package private(set) var hasAnswered = false
    /// Bytes of the answer's body that have gone into frames.
    package private(set) var takenCount: UInt64 = 0
    /// Ends when its answer has left, though the request is not complete.
    private(set) var isCutWhenSaid = false
    /// Among the session's.
    var place: Int
    private unowned let session: HTTP2Session
    private var kept: [UInt8] = []
    private var keptStart = 0
    private var hasSaidAll = false
    private var trailers: HTTP2Fields?
    /// nghttp2 waits to be told that there is more.
    private var isDeferred = false

    init(_ id: Int32, of session: HTTP2Session, place: Int) {
        (self.id, self.session, self.place) = (id, session, place)
    }

    // MARK: The request

    /// So many bytes of the body have been dealt with: the client may send as many more.
    package func consumed(_ count: Int) {
        guard count > 0 else { return }
        session.consumed(count, by: self)
    }

    // MARK: The answer

    package var keptCount: Int { kept.count - keptStart }

    /// As much as should wait, waits.
    package var isBlocked: Bool { keptCount >= Self.keptMax }

    /// Says an interim answer: 100, 103.
    package func interim(_ fields: HTTP2Fields) {
        guard !isClosed, !hasAnswered else { return }
        _ = fields.withPairs {
            nghttp2_submit_headers(session.pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, nil, $0, $1, nil)
        }
    }

    /// Says the head of the answer.
    ///
    /// - Parameter isAll: there is no body.
    package func answer(_ fields: HTTP2Fields, isAll: Bool) {
        guard !isClosed, !hasAnswered else { return }
        hasAnswered = true
        hasSaidAll = isAll
        var body = nghttp2_data_provider(
            source: nghttp2_data_source(ptr: Unmanaged.passUnretained(self).toOpaque()),
            read_callback: { _, _, buffer, room, flags, source, _ in
                let stream = Unmanaged<HTTP2Stream>.fromOpaque(source!.pointee.ptr).takeUnretainedValue()
                return stream.take(UnsafeMutableRawBufferPointer(start: buffer, count: room), flags!)
            })
        let result = fields.withPairs { pairs, count in
            isAll
                ? nghttp2_submit_response(session.pointer, id, pairs, count, nil)
                : nghttp2_submit_response(session.pointer, id, pairs, count, &body)
        }
        if result != 0 { reset(NGHTTP2_INTERNAL_ERROR) }
    }

    /// Says bytes of the answer's body: they leave as the client takes them.
    package func send(_ bytes: UnsafeRawBufferPointer) {
        guard !isClosed, hasAnswered, !hasSaidAll, !bytes.isEmpty else { return }
        kept += bytes
        session.keptCount += bytes.count
        resume()
    }

    /// The answer is complete.
    ///
    /// - Parameter trailers: fields behind the body.
    package func end(with trailers: HTTP2Fields? = nil) {
        guard !isClosed, hasAnswered, !hasSaidAll else { return }
        hasSaidAll = true
        if let trailers, !trailers.isEmpty { self.trailers = trailers }
        resume()
    }

    /// Ends the stream, whatever was said on it.
    package func reset(_ code: nghttp2_error_code) {
        guard !isClosed else { return }
        nghttp2_submit_rst_stream(session.pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
    }

    /// Half an answer has left and the rest will not come.
    package func fail() { reset(NGHTTP2_INTERNAL_ERROR) }

    /// The answer is complete and the rest of the request is not wanted (RFC 9113 §8.1).
    package func refuseRest() {
        if !hasReceivedAll { isCutWhenSaid = true }
    }

    private func resume() {
        guard isDeferred else { return }
        isDeferred = false
        nghttp2_session_resume_data(session.pointer, id)
    }

    /// This frame is the body's last; the answer's last too, unless fields follow.
    private func finish(_ flags: UnsafeMutablePointer<UInt32>) {
        flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        guard let trailers else { return }
        flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        _ = trailers.withPairs { nghttp2_submit_trailer(session.pointer, id, $0, $1) }
    }

    /// Moves bytes into a frame.
    private func take(_ room: UnsafeMutableRawBufferPointer, _ flags: UnsafeMutablePointer<UInt32>) -> Int {
        let count = min(room.count, keptCount)
        if count == 0, !hasSaidAll {
            isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        let wasBlocked = isBlocked
        kept.withUnsafeBytes {
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[keptStart..<keptStart + count]))
        }
        keptStart += count
        session.keptCount -= count
        takenCount += UInt64(count)
        if keptCount == 0 {
            kept.removeAll(keepingCapacity: kept.capacity <= Self.keptMax)
            keptStart = 0
            if hasSaidAll { finish(flags) }
        }
        if wasBlocked, !isBlocked { session.drained(self) }
        return count
    }
}
