import HTTP

/// Whether a request that failed at an instance may be sent again.
package enum RetryRule {
    /// Times that one request is sent at most: a request that kills its process must not do so for long.
    package static let attemptsMax = 3
    /// Bytes of a body that are kept to be sent again.
    package static let bodyMax = 65_536

    package enum Failure: Hashable, Sendable {
        /// Nobody listens there: the generation is over.
        case unreachable
        /// The connection ended before the head of an answer. `isSent`: bytes of the request had left.
        case lost(isSent: Bool)
        /// 421 by the check of the listener's token: nothing ran.
        case misdirected
    }

    package enum Decision: Hashable, Sendable {
        /// On a fresh connection to the same endpoint: the kernel holds it until the successor accepts.
        case again
        /// With a new lease.
        case elsewhere
        case fail
    }

    /// - Parameters:
    ///   - canReplay: all of the body that has been read is still at hand.
    ///   - attempts: times that it has been sent, the failed one included.
    package static func decide(
        _ failure: Failure, _ method: Method, canReplay: Bool, attempts: Int
    ) -> Decision {
        guard attempts < attemptsMax, canReplay else { return .fail }
        switch failure {
        case .unreachable, .misdirected: return .elsewhere
        case .lost(let isSent): return !isSent || method.isIdempotent ? .again : .fail
        }
    }
}
