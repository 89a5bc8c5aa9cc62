import Nouns

/// How many requests of each project are under way or waiting.
package struct Admission: Sendable {
    private var counts: [ProjectID: Int] = [:]

    package init() {}

    /// Counts a request in, unless the project has as many as it may.
    package mutating func enter(_ project: ProjectID, max: Int) -> Bool {
        let count = counts[project, default: 0]
        guard count < max else { return false }
        counts[project] = count + 1
        return true
    }

    package mutating func leave(_ project: ProjectID) {
        guard let count = counts[project] else { preconditionFailure("a request of \(project) left twice") }
        counts[project] = count > 1 ? count - 1 : nil
    }

    package func count(_ project: ProjectID) -> Int { counts[project, default: 0] }
}
