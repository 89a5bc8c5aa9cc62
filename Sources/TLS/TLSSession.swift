import COpenSSL

/// One connection's TLS: turns a transport's bytes into the peer's, and back (RFC 8446, RFC 5246).
///
/// Never blocks and never reads or writes by itself. After `failed` nothing more may be done with it.
package final class TLSSession {
    package enum Progress: Hashable, Sendable {
        case done
        /// For the transport: to become writable if `isWaitingToWrite`, else readable.
        case wait
        case failed(TLSError)
    }

    package enum Reading: Hashable, Sendable {
        case bytes(Int)
        /// None for now.
        case wait
        /// The peer has said that it sends no more, or has ended the transport without a word.
        case end
        case failed(TLSError)
    }

    /// What is spoken inside, as agreed in the handshake (RFC 7301).
    package enum ApplicationProtocol: String, Sendable {
        case http1 = "http/1.1"
        case http2 = "h2"
    }

    /// What is offered to the client, the best first. With none, the client's list is ignored.
    package let offered: [ApplicationProtocol]
    /// The context's callbacks are used until the end.
    let context: TLSContext
    unowned let transport: any TLSTransport
    var hasTransportEnded = false
    /// What stopped last was a transport that took no more.
    package private(set) var isWaitingToWrite = false
    private let ssl: OpaquePointer
    private var hasFailed = false
    private var hasSaidGoodbye = false

    init(
        _ context: TLSContext, _ ssl: OpaquePointer, over transport: any TLSTransport, offering: [ApplicationProtocol]
    ) throws(TLSError) {
        (self.context, self.ssl, self.transport, offered) = (context, ssl, transport, offering)
        guard let bio = TransportBIO.make(for: self) else { throw .noted("out of memory") }
        SSL_set_bio(ssl, bio, bio)
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { SSL_free(ssl) }

    /// The session that a callback of OpenSSL is about.
    static func of(_ ssl: OpaquePointer?) -> TLSSession {
        Unmanaged<TLSSession>.fromOpaque(SSL_get_ex_data(ssl, 0)).takeUnretainedValue()
    }

    // MARK: The handshake

    /// The handshake is done.
    package private(set) var isEstablished = false

    /// Goes on with the handshake as far as the transport allows.
    package func shake() -> Progress {
        guard !hasFailed else { return .failed(TLSError("the connection has failed before")) }
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        guard result != 1 else {
            isEstablished = true
            return .done
        }
        switch outcome(of: result) {
        case .wait: return .wait
        case .end: return .failed(TLSError("the client ended the connection during the handshake"))
        case .failed(let error): return .failed(error)
        }
    }

    /// Set once the handshake is done; nil when nothing was agreed.
    package var applicationProtocol: ApplicationProtocol? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        return ApplicationProtocol(
            rawValue: String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self))
    }

    /// `TLSv1.3` and the like.
    package var version: String { String(cString: SSL_get_version(ssl)) }

    /// Whether an earlier connection's secrets were used again.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// The name that the client asked for.
    package var serverName: String? {
        SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    // MARK: Reading and writing

    /// One record at most: at most 16 KiB. Only once the handshake is done.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Reading {
        guard !hasFailed else { return .failed(TLSError("the connection has failed before")) }
        ERR_clear_error()
        var count = 0
        let result = SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count)
        guard result != 1 else { return .bytes(count) }
        switch outcome(of: result) {
        case .wait: return .wait
        case .end: return .end
        case .failed(let error): return .failed(error)
        }
    }

    /// Whether bytes of the transport have been taken that `read` has not returned yet.
    package var hasPending: Bool { SSL_has_pending(ssl) == 1 }

    /// Sends what the transport takes: how many bytes, fewer than all when it is full, nil when the connection has
    /// failed. What is left must be offered again, from its first byte on.
    package func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard !hasFailed else { return nil }
        var sent = 0
        while sent < bytes.count {
            ERR_clear_error()
            var count = 0
            let result = SSL_write_ex(ssl, bytes.baseAddress! + sent, bytes.count - sent, &count)
            guard result != 1 else {
                sent += count
                continue
            }
            guard case .wait = outcome(of: result) else { return nil }
            break
        }
        return sent
    }

    /// Says that nothing more will be sent (`close_notify`), if the transport takes it at once.
    package func sayGoodbye() {
        guard !hasFailed, !hasSaidGoodbye, isEstablished else { return }
        hasSaidGoodbye = true
        ERR_clear_error()
        if SSL_shutdown(ssl) < 0 { _ = outcome(of: -1) }
    }

    private enum Outcome {
        case wait, end
        case failed(TLSError)
    }

    /// Why a call of OpenSSL did not do what it was asked for.
    private func outcome(of result: Int32) -> Outcome {
        isWaitingToWrite = false
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wait
        case SSL_ERROR_WANT_WRITE:
            isWaitingToWrite = true
            return .wait
        case SSL_ERROR_ZERO_RETURN: return .end
        default:
            hasFailed = true
            defer { ERR_clear_error() }
            if hasTransportEnded { return .end }
            return .failed(.noted(isEstablished ? "the connection failed" : "the handshake failed"))
        }
    }
}
