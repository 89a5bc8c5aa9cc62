import Synchronization

/// What the loops of one front share: nothing but words that are changed atomically, and the gauges of the projects.
package final class FrontCommons: Sendable {
    package let gauges = SharedGauges()
    private let connections = Atomic<Int>(0)

    package init() {}

    /// Counts a client's connection in, unless there are as many as there may be.
    func join(max: Int) -> Bool {
        guard connections.add(1, ordering: .relaxed).oldValue < max else {
            leave()
            return false
        }
        return true
    }

    func leave() { connections.subtract(1, ordering: .relaxed) }

    /// Clients' connections of all loops.
    package var connectionCount: Int { connections.load(ordering: .relaxed) }
}
