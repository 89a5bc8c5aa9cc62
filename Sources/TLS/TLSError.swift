import COpenSSL

/// Why something about TLS did not work: a sentence for the log. Holds no secrets.
package struct TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    package let reason: String
    package var description: String { reason }

    package init(_ reason: String) { self.reason = reason }

    /// With what OpenSSL noted last, whose notes are cleared.
    static func noted(_ what: String) -> TLSError {
        defer { ERR_clear_error() }
        let code = ERR_peek_last_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return TLSError(what) }
        return TLSError("\(what): \(String(cString: reason))")
    }
}
