/// A request's head as a scanner found it: ranges of the bytes that were scanned.
package struct RequestHead: Sendable {
    package internal(set) var method = Method.other
    package internal(set) var methodName = ByteRange.empty
    /// As sent, in whichever form (RFC 9112 §3.2).
    package internal(set) var target = ByteRange.empty
    /// Without the query; not decoded. Empty for `*` and for a URL without a path.
    package internal(set) var path = ByteRange.empty
    /// What follows the `?`, if there is one.
    package internal(set) var query: ByteRange?
    /// Host and port of a target in absolute form.
    package internal(set) var authority: ByteRange?
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    package internal(set) var minorVersion = 1
    package internal(set) var fields = Fields()
    package internal(set) var connection: ConnectionOptions = []
    /// Never `untilClose`.
    package internal(set) var framing = BodyFraming.none
    package internal(set) var expectsContinue = false
    /// Bytes, the empty line included.
    package internal(set) var length = 0

    init() {}

    /// For the next one; the room for fields stays.
    mutating func reset() {
        (method, minorVersion, framing, expectsContinue) = (.other, 1, .none, false)
        (methodName, target, path, query, authority) = (.empty, .empty, .empty, nil, nil)
        fields.removeAll()
        (connection, length) = ([], 0)
    }

    /// Whether the client expects the connection to go on after the answer (RFC 9112 §9.3).
    package var isKeptAlive: Bool {
        if connection.contains(.close) { return false }
        return minorVersion == 1 || connection.contains(.keepAlive)
    }
}
