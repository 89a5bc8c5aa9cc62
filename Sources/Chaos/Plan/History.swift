/// What clients did and saw.
///
/// Every key has one client that changes it, with ascending numbers, one request after the other; so each answer can be
/// judged by itself.
package struct History: Sendable {
    package struct Key: Hashable, Sendable, CustomStringConvertible {
        /// The project's id.
        package var project: String
        package var store: Store
        package var name: String

        package init(project: String, store: Store = .values, name: String) {
            (self.project, self.store, self.name) = (project, store, name)
        }
        package var description: String { "\(project)/\(store.rawValue)/\(name)" }
    }

    package enum Operation: Hashable, Sendable {
        case write(Int)
        case read
        /// Adds one to a counter; the answer tells its new state.
        case increment
        /// Adds an entry with this number, which must not be there twice.
        case append(Int)
        /// Reads all numbers that were added.
        case list
        /// Asks a process whose it is.
        case ask
    }

    package enum Outcome: Hashable, Sendable {
        /// A write was acknowledged.
        case acknowledged
        /// A read found this number, said to be of that project; a counter has it now.
        case found(Int, project: String)
        /// A read found nothing.
        case absent
        /// Numbers in no order.
        case listed([Int])
        /// An error answer, or none: what was asked for may have happened or not.
        case failed(String)

        package var isFailure: Bool { if case .failed = self { true } else { false } }
    }

    package struct Entry: Hashable, Sendable {
        package var key: Key
        package var operation: Operation
        package var outcome: Outcome
        /// Since the run began.
        package var began: Duration
        package var ended: Duration

        package init(_ key: Key, _ operation: Operation, _ outcome: Outcome, _ began: Duration, _ ended: Duration) {
            (self.key, self.operation, self.outcome) = (key, operation, outcome)
            (self.began, self.ended) = (began, ended)
        }

        package var took: Duration { ended - began }
    }

    package var entries: [Entry]
    package init(_ entries: [Entry] = []) { self.entries = entries }

    /// How many requests failed.
    package var failures: Int { entries.count { $0.outcome.isFailure } }
}
