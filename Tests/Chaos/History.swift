/// What clients did and saw, in order of its end.
///
/// Every key has one writer, which writes ascending numbers; so each answer can be judged by itself.
package struct History: Sendable {
    package struct Key: Hashable, Sendable, CustomStringConvertible {
        package var project: String
        package var name: String
        package init(project: String, name: String) { (self.project, self.name) = (project, name) }
        package var description: String { "\(project):\(name)" }
    }

    package enum Operation: Hashable, Sendable {
        case write(Int)
        case read
    }

    package enum Outcome: Hashable, Sendable {
        /// A write was acknowledged.
        case acknowledged
        /// A read found this number, said to be of that project.
        case found(Int, project: String)
        /// A read found nothing.
        case absent
        /// An error answer, or none: a write may have happened or not.
        case failed(String)
    }

    package struct Entry: Hashable, Sendable {
        package var key: Key
        package var operation: Operation
        package var outcome: Outcome
        package var began: Duration
        package var ended: Duration

        package init(_ key: Key, _ operation: Operation, _ outcome: Outcome, _ began: Duration, _ ended: Duration) {
            (self.key, self.operation, self.outcome) = (key, operation, outcome)
            (self.began, self.ended) = (began, ended)
        }
    }

    package var entries: [Entry]
    package init(_ entries: [Entry] = []) { self.entries = entries }
}

extension History {
    /// How many requests failed.
    package var failures: Int {
        entries.count { if case .failed = $0.outcome { true } else { false } }
    }
}
