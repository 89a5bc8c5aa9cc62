import COpenSSL

/// Seals and opens session tickets.
enum Tickets {
    // SAFETY: never changes.
    nonisolated(unsafe) private static let cipherForm = EVP_aes_256_cbc()

    /// What OpenSSL calls for each ticket that it makes or gets; see SSL_CTX_set_tlsext_ticket_key_evp_cb(3), also for
    /// what is returned.
    static func seal(
        _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ vector: UnsafeMutablePointer<UInt8>?,
        _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ isSealing: Int32
    ) -> Int32 {
        let context = TLSSession.of(ssl).context
        let name = UnsafeMutableRawBufferPointer(start: name, count: TicketKeys.Key.nameLength)
        if isSealing == 1 {
            let key = context.tickets.sealing(at: context.now())
            name.copyBytes(from: key.name)
            guard RAND_bytes(vector, EVP_CIPHER_get_iv_length(cipherForm)) == 1,
                EVP_EncryptInit_ex(cipher, cipherForm, nil, key.cipher, vector) == 1, begin(mac, key)
            else { return -1 }
            return 1
        }
        guard let (key, isOld) = context.tickets.opening(UnsafeRawBufferPointer(name), at: context.now()) else {
            return 0
        }
        guard begin(mac, key), EVP_DecryptInit_ex(cipher, cipherForm, nil, key.cipher, vector) == 1 else { return -1 }
        // A ticket that is used twice shows who comes again: TLS 1.3 has the next one for that (RFC 8446 appendix C.4).
        return isOld || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1
    }

    private static func begin(_ mac: OpaquePointer?, _ key: TicketKeys.Key) -> Bool {
        copenssl_begin_mac(mac, key.mac, key.mac.count) == 1
    }
}
