import Contracts
import Linux
import Nouns
import Supervision

/// One front, through all its connections: a front whose connection broke comes back with its session.
///
/// States: before `hello` (no `front`), registering, registered, broken (no connection; leaves to registering when it
/// comes back, or ends when its process is dead or it stays away for too long).
final class FrontSession {
    let session: UInt64
    let fact: FrontFact
    /// A new one for each connection.
    let front: FrontID
    var connection: PacketConnection?
    var isRegistered = false
    /// The same front's broken connection before this one: its leases end when this one has said what it holds.
    var predecessor: FrontSession?
    var giveUp: TimerHeap.ID?
    var death: ProcessWatch?

    init(session: UInt64, fact: FrontFact, front: FrontID, connection: PacketConnection) {
        (self.session, self.fact, self.front, self.connection) = (session, fact, front, connection)
    }
}
