import Linux
import Nouns
import Synchronization
import TLS

/// What the loops of one front share: nothing but words that are changed atomically, and the gauges of the projects.
package final class FrontCommons: Sendable {
    package let gauges = SharedGauges()
    /// What the keys of session tickets come from: a client's ticket of one loop opens on all.
    let ticketSecret = Random.bytes(TicketKeys.secretLength)
    let start = EventLoop.clock()
    private let connections = Atomic<Int>(0)
    private let lastProblems = Atomic<Int>(0)

    /// Loops of the front.
    package let loopCount: Int

    package init(loops: Int = 1) { loopCount = loops }

    /// Counts a client's connection in, unless there are as many as there may be.
    func join(max: Int) -> Bool {
        guard connections.add(1, ordering: .relaxed).oldValue < max else {
            leave()
            return false
        }
        return true
    }

    func leave() { connections.subtract(1, ordering: .relaxed) }

    /// Whether no loop has told of these problems yet.
    func isNews(_ problems: [String]) -> Bool {
        let hash = problems.isEmpty ? 0 : problems.hashValue
        return lastProblems.exchange(hash, ordering: .relaxed) != hash
    }

    /// Clients' connections of all loops.
    package var connectionCount: Int { connections.load(ordering: .relaxed) }
}
