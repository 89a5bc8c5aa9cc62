import COpenSSL

/// OpenSSL's view of a `TLSTransport`.
///
/// OpenSSL's own socket BIO asks the kernel once more after each arrival; the transport knows when it is empty.
enum TransportBIO {
    /// Made once: types of BIOs are numbered for the whole process.
    // SAFETY: never changes.
    nonisolated(unsafe) private static let method: OpaquePointer = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport") else {
            preconditionFailure("out of memory")
        }
        BIO_meth_set_read(method) { bio, buffer, count in
            copenssl_clear_retry(bio)
            guard let buffer, count > 0 else { return 0 }
            let session = TransportBIO.session(of: bio)
            switch session.transport.receive(into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))) {
            case .bytes(let count): return Int32(count)
            case .wait:
                copenssl_retry_read(bio)
                return -1
            case .end:
                session.hasTransportEnded = true
                return 0
            case .failed: return -1
            }
        }
        BIO_meth_set_write(method) { bio, buffer, count in
            copenssl_clear_retry(bio)
            guard let buffer, count > 0 else { return 0 }
            let session = TransportBIO.session(of: bio)
            switch session.transport.transmit(UnsafeRawBufferPointer(start: buffer, count: Int(count))) {
            case .bytes(let count): return Int32(count)
            case .wait:
                copenssl_retry_write(bio)
                return -1
            case .end, .failed: return -1
            }
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: 1
            case BIO_CTRL_EOF: TransportBIO.session(of: bio).hasTransportEnded ? 1 : 0
            default: 0
            }
        }
        return method
    }()

    /// For a session, which must outlive it.
    static func make(for session: TLSSession) -> OpaquePointer? {
        guard let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(session).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    private static func session(of bio: OpaquePointer?) -> TLSSession {
        Unmanaged<TLSSession>.fromOpaque(BIO_get_data(bio)).takeUnretainedValue()
    }
}
