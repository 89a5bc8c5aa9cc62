import Nouns
import Synchronization

/// What all loops of a front know of one project together, in atomic words: the only thing that loops share on the path
/// of a request.
///
/// A loop keeps the gauges of the projects in its key table, and each request the one of its project until it ends.
/// The words are counts and moments that stand for themselves: nothing else is published by them, so that every
/// access is `relaxed`.
package final class ProjectGauge: Sendable {
    package let project: ProjectID
    /// Requests under way or waiting.
    private let requests = Atomic<Int>(0)
    /// The theoretical arrival times of the next request and of the next byte (GCRA), in nanoseconds of the boot clock.
    package let requestTime = Atomic<Int64>(0)
    package let bandwidthTime = Atomic<Int64>(0)
    /// Requests in the waiting room.
    package let waiting = Atomic<Int>(0)

    package init(_ project: ProjectID) { self.project = project }

    /// Counts a request in, unless the project has as many as it may.
    package func enter(max: Int) -> Bool {
        // Added first and taken back if it was too much: two loops cannot both take the last place.
        guard requests.add(1, ordering: .relaxed).oldValue < max else {
            leave()
            return false
        }
        return true
    }

    package func leave() {
        let left = requests.subtract(1, ordering: .relaxed).newValue
        precondition(left >= 0, "a request of \(project) left twice")
    }

    package var requestCount: Int { requests.load(ordering: .relaxed) }
}
