import Nouns
import Supervision

/// One front, as it sees itself.
struct Door {
    struct Lease {
        var generation: Generation
        /// When it must be given up, once revoked.
        var revokedUntil: Instant?
    }

    struct Wish {
        var instance: InstanceID
        var deadline: Instant
    }

    /// Its connection; a new number after each loss. Nil: not connected.
    var id: FrontID?
    var isRegistered = false
    var leases: [InstanceID: Lease] = [:]
    var wishes: [UInt64: Wish] = [:]
    var ticketLast: UInt64 = 0
}
