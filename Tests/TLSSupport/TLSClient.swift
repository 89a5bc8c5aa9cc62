import COpenSSL

/// The client's end of a TLS connection, in memory: what it has to say is taken from `outgoing`, what it is told is
/// given to `receive`.
package final class TLSClient {
    package struct Options {
        /// The name that is asked for; nil: none.
        package var name: String? = "a.test"
        package var protocols: [String] = []
        package var versionMax = TLS1_3_VERSION
        package var versionMin = TLS1_2_VERSION
        package var ciphers: String?
        /// What `session` gave at the end of an earlier connection.
        package var session: Session?
        package init() {}
    }

    /// What a later connection resumes from.
    package final class Session {
        fileprivate let pointer: OpaquePointer
        fileprivate init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { SSL_SESSION_free(pointer) }
    }

    package private(set) var received: [UInt8] = []
    /// The server has said that it sends no more.
    package private(set) var wasToldGoodbye = false
    /// Tickets of TLS 1.3 that have come.
    package private(set) var ticketCount = 0
    /// Why the connection failed; an alert of the server's reads like `tlsv1 unrecognized name`.
    package private(set) var failure: String?
    package let ssl: OpaquePointer
    private let context: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    /// Said before hands were shaken.
    private var waiting: [UInt8] = []

    package init(_ options: Options = Options()) {
        context = SSL_CTX_new(TLS_client_method())
        SSL_CTX_set_security_level(context, 0)
        _ = copenssl_set_min_version(context, options.versionMin)
        copenssl_set_mode(context, Int(SSL_MODE_ENABLE_PARTIAL_WRITE))
        if let ciphers = options.ciphers { SSL_CTX_set_cipher_list(context, ciphers) }
        ssl = SSL_new(context)
        copenssl_set_max_version(ssl, options.versionMax)
        (input, output) = (BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
        SSL_set_bio(ssl, input, output)
        SSL_set_connect_state(ssl)
        countTickets()
        if let name = options.name { _ = copenssl_set_server_name(ssl, name) }
        let list = options.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { SSL_set_alpn_protos(ssl, list, UInt32(list.count)) }
        if let session = options.session { SSL_set_session(ssl, session.pointer) }
        advance()
    }

    private func countTickets() {
        SSL_set_msg_callback(ssl) { isOwn, _, type, bytes, count, _, client in
            let first = bytes?.load(as: UInt8.self)
            guard isOwn == 0, type == SSL3_RT_HANDSHAKE, first == UInt8(SSL3_MT_NEWSESSION_TICKET) else { return }
            Unmanaged<TLSClient>.fromOpaque(client!).takeUnretainedValue().ticketCount += 1
        }
        SSL_ctrl(ssl, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        // OpenSSL resumes from no session whose connection ended without a goodbye.
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    package var isEstablished: Bool { SSL_is_init_finished(ssl) == 1 }
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }
    package var version: String { String(cString: SSL_get_version(ssl)) }
    package var cipher: String { String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))) }
    package var text: String { String(decoding: received, as: UTF8.self) }

    package var applicationProtocol: String {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }

    /// The common name of the server's certificate.
    package var certificateName: String {
        guard let certificate = SSL_get0_peer_certificate(ssl) else { return "" }
        var buffer = [CChar](repeating: 0, count: 256)
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &buffer, 256)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What a later connection can resume from: a ticket must have come.
    package var session: Session { Session(SSL_get1_session(ssl)) }

    /// What is to be carried to the server.
    package func takeOutgoing() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var all: [UInt8] = []
        while true {
            let count = BIO_read(output, &bytes, Int32(bytes.count))
            guard count > 0 else { return all }
            all += bytes[..<Int(count)]
        }
    }

    /// What has come since it was last taken.
    package func takeReceived() -> [UInt8] {
        defer { received = [] }
        return received
    }

    /// What the server has sent.
    package func receive(_ bytes: [UInt8]) {
        if !bytes.isEmpty { BIO_write(input, bytes, Int32(bytes.count)) }
        advance()
    }

    package func say(_ bytes: [UInt8]) {
        guard isEstablished else { return waiting += bytes }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { SSL_write(ssl, $0.baseAddress, Int32($0.count)) }
            guard count > 0 else { return note(count) }
            rest = rest.dropFirst(Int(count))
        }
    }

    package func say(_ text: String) { say(Array(text.utf8)) }

    package func sayGoodbye() { SSL_shutdown(ssl) }

    /// Tries to agree on new keys within the connection, as TLS 1.2 allows.
    package func renegotiate() {
        SSL_renegotiate(ssl)
        note(SSL_do_handshake(ssl))
    }

    /// Asks the server for new keys, as TLS 1.3 allows.
    package func updateKeys() {
        SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED)
        SSL_do_handshake(ssl)
    }

    private func advance() {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while failure == nil, !wasToldGoodbye {
            ERR_clear_error()
            guard isEstablished else {
                let result = SSL_do_handshake(ssl)
                guard result == 1 else { return note(result) }
                say(waiting)
                waiting = []
                continue
            }
            let count = SSL_read(ssl, &bytes, Int32(bytes.count))
            guard count > 0 else { return note(count) }
            received += bytes[..<Int(count)]
        }
    }

    private func note(_ result: Int32) {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_NONE: break
        case SSL_ERROR_ZERO_RETURN: wasToldGoodbye = true
        default: failure = ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) } ?? "unknown"
        }
    }
}
