/// One way in which chaos uses a project: which kind serves it, and what may be repeated.
package enum Store: String, CaseIterable, Hashable, Sendable {
    /// `PUT` and `GET` of numbered documents.
    case documents
    /// `POST` of documents that are listed at the end: each is to be there once.
    case appended
    /// `PUT` and `GET` of numbered values.
    case values
    /// `INCR` over the Redis protocol, on a connection that the front hands over.
    case counters
    /// Questions to the process that misbehaves when it is told to.
    case probes

    /// The kind of process that serves it.
    package var kind: String {
        switch self {
        case .documents, .appended: "bundoc"
        case .values, .counters: "bunder"
        case .probes: Self.misbehaver
        }
    }

    /// The kind that chaos adds to a cluster of its own.
    package static let misbehaver = "misbehaver"

    /// Whether a front may send a request once more when the first attempt came to nothing.
    package var isRepeatable: Bool { self != .appended && self != .counters }
}
