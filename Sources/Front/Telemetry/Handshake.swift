/// How the two sides of a TLS connection came to an understanding.
package struct Handshake: Hashable, Sendable {
    /// `TLSv1.3` and the like.
    package let version: String
    /// By the secrets of an earlier connection.
    package let isResumed: Bool

    package init(version: String, isResumed: Bool) { (self.version, self.isResumed) = (version, isResumed) }
}
