/// How the end of a message's body is found (RFC 9112 §6.3).
package enum BodyFraming: Hashable, Sendable {
    case none
    /// Bytes.
    case length(Int)
    case chunked
    /// Responses only: everything up to the end of the connection.
    case untilClose
}
