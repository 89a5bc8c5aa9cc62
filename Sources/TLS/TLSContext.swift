import COpenSSL
import Contracts
import Nouns

/// What all TLS connections of one loop have in common: certificates by name, versions, ciphers, ticket keys.
///
/// Never changes: a reload makes another one, while connections keep theirs to their end.
package final class TLSContext {
    /// Ciphers of TLS 1.2: those with forward secrecy and authenticated encryption. TLS 1.3 has no others.
    private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1"
    private static let groups = "X25519:P-256:P-384"

    /// What could not be read, each with the file's path. What was read from it before goes on.
    package private(set) var problems: [String] = []
    /// Certificates that are shown.
    package private(set) var certificateCount = 0
    let tickets: TicketKeys
    let now: () -> Instant
    private let settings: TLSSettings
    /// Without a certificate: a connection begins here, and gets one by its name.
    private let entrance: SSLContext
    private var table = CertificateTable<SSLContext>()
    private var fallback: SSLContext?
    private var loaded: [TLSSettings.Certificate: Loaded] = [:]

    /// A reference that OpenSSL counts.
    private final class SSLContext {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { SSL_CTX_free(pointer) }
    }

    private struct Loaded {
        var context: SSLContext
        var names: [HostPattern]
        var expires: Int64
    }

    /// When each certificate that is shown expires, seconds since 1970, by its first name, else its file.
    package var expiries: [String: Int64] {
        var found: [String: Int64] = [:]
        for (files, one) in loaded {
            let name = (files.hosts.first ?? one.names.first)?.description ?? files.chain
            found[name] = min(one.expires, found[name] ?? .max)
        }
        return found
    }

    /// Reads all files. One that cannot be used is noted in `problems`; the certificate that `previous` had read from
    /// it stays.
    ///
    /// - Parameters:
    ///   - opened: files that somebody opened for us, by their paths; others are opened here.
    ///   - now: the loop's clock, for the ticket keys.
    package init(
        _ settings: TLSSettings, opened: [String: Int32] = [:], tickets: TicketKeys, previous: TLSContext? = nil,
        now: @escaping () -> Instant
    ) throws(TLSError) {
        (self.settings, self.tickets, self.now) = (settings, tickets, now)
        entrance = try Self.makeContext(settings)
        for files in settings.certificates {
            do throws(TLSError) {
                add(try Self.load(files, opened, settings), files)
            } catch {
                let kept = previous?.loaded.first { $0.key.chain == files.chain && $0.key.key == files.key }
                problems.append(error.reason + (kept == nil ? "" : "; the certificate that was read before stays"))
                if let kept { add(kept.value, files) }
            }
        }
        if settings.fallback == .first {
            fallback = settings.certificates.lazy.compactMap { self.loaded[$0] }.first?.context
        }
        copenssl_on_server_name(entrance.pointer, { ssl, alert, _ in TLSContext.choose(ssl, alert) }, nil)
    }

    /// A connection of a client's.
    ///
    /// - Parameter transport: must outlive the session.
    package func session(
        over transport: any TLSTransport, offering: [TLSSession.ApplicationProtocol]
    ) throws(TLSError) -> TLSSession {
        guard let ssl = SSL_new(entrance.pointer) else { throw .noted("out of memory") }
        SSL_set_accept_state(ssl)
        return try TLSSession(self, ssl, over: transport, offering: offering)
    }

    // MARK: Certificates

    private func add(_ one: Loaded, _ files: TLSSettings.Certificate) {
        loaded[files] = one
        certificateCount += 1
        for pattern in files.hosts.isEmpty ? one.names : files.hosts { table.add(one.context, for: pattern) }
    }

    private static func load(
        _ files: TLSSettings.Certificate, _ opened: [String: Int32], _ settings: TLSSettings
    ) throws(TLSError) -> Loaded {
        let certificate = try Certificate(files, opened: opened)
        defer { certificate.release() }
        let context = try makeContext(settings)
        guard SSL_CTX_use_certificate(context.pointer, certificate.chain[0]) == 1,
            SSL_CTX_use_PrivateKey(context.pointer, certificate.key) == 1,
            certificate.chain.dropFirst().allSatisfy({ copenssl_add_chain(context.pointer, $0) == 1 })
        else { throw .noted("\(files.chain) cannot be used") }
        return Loaded(context: context, names: certificate.names, expires: certificate.expires)
    }

    /// Chooses the certificate by the client's SNI (RFC 6066 §3).
    private static func choose(_ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?) -> Int32 {
        let session = TLSSession.of(ssl)
        let context = session.context
        let chosen = session.serverName.flatMap { context.table.certificate(for: $0) } ?? context.fallback
        guard let chosen, SSL_set_SSL_CTX(ssl, chosen.pointer) != nil else {
            alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }
        return SSL_TLSEXT_ERR_OK
    }

    // MARK: What holds for all

    private static func makeContext(_ settings: TLSSettings) throws(TLSError) -> SSLContext {
        OPENSSL_init_ssl(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil)
        guard let pointer = SSL_CTX_new(TLS_server_method()) else { throw .noted("out of memory") }
        let context = SSLContext(pointer)
        let minimum = settings.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
        let identity: [UInt8] = Array("bunbase".utf8)
        guard copenssl_set_min_version(pointer, minimum) == 1, SSL_CTX_set_cipher_list(pointer, ciphers) == 1,
            copenssl_set_groups(pointer, groups) == 1,
            SSL_CTX_set_session_id_context(pointer, identity, UInt32(identity.count)) == 1
        else { throw .noted("this OpenSSL lacks what is needed") }
        SSL_CTX_set_security_level(pointer, 2)
        copenssl_set_server_options(pointer)
        copenssl_set_mode(
            pointer,
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS))
        copenssl_set_read_ahead(pointer)
        // Sessions live in the clients' tickets alone. No early data: it can be replayed.
        copenssl_cache_no_sessions(pointer)
        SSL_CTX_set_max_early_data(pointer, 0)
        // A second one costs every handshake a seal, and clients keep few connections.
        SSL_CTX_set_num_tickets(pointer, 1)
        SSL_CTX_set_timeout(pointer, Int(TicketKeys.lifetime.components.seconds))
        SSL_CTX_set_tlsext_ticket_key_evp_cb(pointer) { Tickets.seal($0, $1, $2, $3, $4, $5) }
        SSL_CTX_set_alpn_select_cb(
            pointer,
            { ssl, name, length, list, count, _ in
                ApplicationProtocols.select(ssl, name, length, UnsafeBufferPointer(start: list, count: Int(count)))
            }, nil)
        return context
    }
}
