import COpenSSL

/// Agrees on what is spoken inside a connection (RFC 7301).
enum ApplicationProtocols {
    /// The best of what the session offers that the client has on its list; see SSL_CTX_set_alpn_select_cb(3).
    static func select(
        _ ssl: OpaquePointer?, _ output: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        _ outputLength: UnsafeMutablePointer<UInt8>?, _ list: UnsafeBufferPointer<UInt8>
    ) -> Int32 {
        let offered = TLSSession.of(ssl).offered
        guard !offered.isEmpty else { return SSL_TLSEXT_ERR_NOACK }
        for each in offered {
            guard let name = find(each.rawValue, in: list) else { continue }
            output?.pointee = name.baseAddress
            outputLength?.pointee = UInt8(name.count)
            return SSL_TLSEXT_ERR_OK
        }
        // Nothing in common: no_application_protocol (RFC 7301 §3.2).
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }

    /// Names stand one after the other, each behind a byte with its length.
    private static func find(_ wanted: String, in list: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        var index = 0
        while index < list.count {
            let end = index + 1 + Int(list[index])
            guard end <= list.count else { return nil }
            let name = UnsafeBufferPointer(rebasing: list[(index + 1)..<end])
            if name.elementsEqual(wanted.utf8) { return name }
            index = end
        }
        return nil
    }
}
