import Nouns

/// The blank processes of one kind, which wait to take a project over.
struct WarmPool: Sendable {
    enum Stage: Hashable, Sendable {
        case starting(deadline: Instant)
        case ready(since: Instant)
        /// Killed. `isFault`: it did not become ready, which counts as a failure when it is gone.
        case dying(isFault: Bool)
    }

    struct Blank: Hashable, Sendable {
        let incarnation: Incarnation
        var stage: Stage

        var isStarting: Bool { if case .starting = stage { true } else { false } }
        var isReady: Bool { if case .ready = stage { true } else { false } }
    }

    /// Between the taking of a blank process and the start of the next one.
    static let refillPause = Duration.milliseconds(20)

    /// Oldest first.
    var blanks: [Blank] = []
    /// Failures in a row.
    var attempts = 0
    /// No blank is started before this moment.
    var retryAt: Instant?

    var readyCount: Int { blanks.count { $0.isReady } }
    /// Ready, or about to be.
    var keptCount: Int { blanks.count { $0.isReady || $0.isStarting } }

    var deadline: Instant? {
        var least = retryAt
        for blank in blanks {
            if case .starting(let deadline) = blank.stage { least = min(least ?? deadline, deadline) }
        }
        return least
    }

    func index(of incarnation: Incarnation) -> Int {
        guard let index = blanks.firstIndex(where: { $0.incarnation == incarnation }) else {
            preconditionFailure("warm process \(incarnation) is not in its pool")
        }
        return index
    }
}
