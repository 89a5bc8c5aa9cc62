import Nouns
import Routing
import Synchronization

/// The gauges of all projects of a front with several loops.
///
/// Asked when a key table changes, never by a request: it takes a lock.
package final class SharedGauges: ProjectGauges, Sendable {
    private struct Entry: Sendable {
        let gauge: ProjectGauge
        /// Key tables that have the project.
        var holders: Int
    }

    private let entries = Mutex<[ProjectID: Entry]>([:])

    package init() {}

    package func hold(_ project: ProjectID) -> ProjectGauge {
        entries.withLock { entries in
            let entry = Entry(gauge: entries[project]?.gauge ?? ProjectGauge(project), holders: 0)
            entries[project, default: entry].holders += 1
            return entry.gauge
        }
    }

    /// With the last table the gauge is forgotten; requests that are still under way keep theirs until they end.
    package func release(_ gauge: ProjectGauge) {
        entries.withLock { entries in
            guard var entry = entries[gauge.project] else { return }
            entry.holders -= 1
            entries[gauge.project] = entry.holders > 0 ? entry : nil
        }
    }

    /// Projects that some key table has.
    package var count: Int { entries.withLock { $0.count } }
}
