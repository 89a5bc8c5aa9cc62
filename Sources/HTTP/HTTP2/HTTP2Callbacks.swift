import CNghttp2
import HTTP

/// What nghttp2 calls, made once for all connections.
enum HTTP2Callbacks {
    // SAFETY: never changes.
    nonisolated(unsafe) static let options: OpaquePointer? = {
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_outbound_ack(options, 256)
        // Resets are counted here, where the limit is the operator's.
        nghttp2_option_set_stream_reset_rate_limit(options, 1_000_000, 1_000_000)
        return options
    }()

    // SAFETY: never changes.
    nonisolated(unsafe) static let all: OpaquePointer? = {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
            if frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
                session(user).headBegan(frame!.pointee.hd.stream_id)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameCount, value, valueCount, _, user in
            // Trailers are read, limited by nghttp2, and dropped.
            guard frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else { return 0 }
            session(user).field(
                UnsafeRawBufferPointer(start: name, count: nameCount),
                UnsafeRawBufferPointer(start: value, count: valueCount))
            return 0
        }
        // A malformed field makes the whole request malformed (RFC 9113 §8.1.1).
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, user in
            session(user).resetCame()
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, user in
            began(header!.pointee, session(user))
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
            came(frame!.pointee, session(user))
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, user in
            session(user).resetCame()
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, user in
            session(user).dataCame(id, UnsafeRawBufferPointer(start: bytes, count: count))
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
            let header = frame!.pointee.hd
            if header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0,
                header.type == NGHTTP2_DATA.rawValue || header.type == NGHTTP2_HEADERS.rawValue
            {
                session(user).answerLeft(header.stream_id)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, _, user in
            session(user).streamClosed(id)
            return 0
        }
        return callbacks
    }()

    private static func session(_ user: UnsafeMutableRawPointer?) -> HTTP2Session {
        Unmanaged<HTTP2Session>.fromOpaque(user!).takeUnretainedValue()
    }

    /// Counts frames that carry no request: also those that nghttp2 then ignores.
    private static func began(_ header: nghttp2_frame_hd, _ session: HTTP2Session) {
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_CONTINUATION.rawValue, NGHTTP2_WINDOW_UPDATE.rawValue: break
        case NGHTTP2_DATA.rawValue:
            let isLast = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
            if header.length == 0, !isLast { session.controlFrameCame() }
        case NGHTTP2_RST_STREAM.rawValue: session.resetCame()
        default: session.controlFrameCame()
        }
    }

    private static func came(_ frame: nghttp2_frame, _ session: HTTP2Session) {
        let header = frame.hd
        let isLast = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue where frame.headers.cat == NGHTTP2_HCAT_REQUEST:
            session.headEnded(header.stream_id, isAll: isLast)
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue: if isLast { session.endCame(header.stream_id) }
        case NGHTTP2_PING.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 { session.pingAnswered() }
        default: break
        }
    }
}
