/// What a caller is told when a request cannot be served: whose fault it was, a stable code, and what to do.
///
/// Every HTTP error of every program leaves in this form; the codes are listed in `docs/reference/errors.md`.
package struct Fault: Error, Hashable, Sendable {
    /// Whose fault: decides who should act, and with it whether trying again can help.
    package enum Party: String, Sendable {
        /// The request itself: the same request fails again.
        case client
        /// The project's own process: it crashed, hangs or is out of room.
        case instance
        /// The cluster: no port, no start in time, shutting down.
        case cluster
    }

    package let status: Int
    /// Stable and dotted: `instance.quarantined`.
    package let code: String
    /// A sentence that says what happened and what to do. No secrets, no bodies.
    package let message: String
    package let party: Party
    /// When trying again makes sense; leaves as `Retry-After` in whole seconds, rounded up.
    package let retryAfter: Duration?

    package init(
        _ status: Int, _ code: String, _ message: String, party: Party = .client, retryAfter: Duration? = nil
    ) {
        (self.status, self.code, self.message, self.party, self.retryAfter) = (
            status, code, message, party, retryAfter
        )
    }
}
