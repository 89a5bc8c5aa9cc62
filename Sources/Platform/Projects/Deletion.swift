/// The way a project goes, one step after the other, each of which may fail, be tried again, and be done twice.
///
/// Where the process ends between two steps, the next one begins at `fenced`, which is what the registry says of the
/// project: so all that follows can be done again without harm.
package struct Deletion: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// The registry says `deleting` and no key opens the project. Leaves to `stopped` when the supervisor has ended
        /// its processes.
        case fenced
        /// No process uses the data. Leaves to `cleared` when the data has been moved to the trash.
        case stopped
        /// Leaves to `gone` when the registry has forgotten the project.
        case cleared
        /// Nothing is left but trash.
        case gone
    }

    /// What to do next.
    package enum Action: Hashable, Sendable {
        case withdraw, moveData, forget
        case finish
    }

    package enum Outcome: Hashable, Sendable {
        case done
        /// Tried again after a while that grows.
        case failed
    }

    package static let retryMin = Duration.milliseconds(100)
    package static let retryMax = Duration.seconds(5)

    package private(set) var state = State.fenced
    private var failures = 0

    package init() {}

    package var next: Action {
        switch state {
        case .fenced: .withdraw
        case .stopped: .moveData
        case .cleared: .forget
        case .gone: .finish
        }
    }

    /// Takes how the next action went; returns how long to wait before what is next then.
    package mutating func handle(_ outcome: Outcome) -> Duration {
        guard outcome == .done else {
            failures += 1
            return min(Self.retryMin * (1 << min(failures - 1, 10)), Self.retryMax)
        }
        failures = 0
        state =
            switch state {
            case .fenced: .stopped
            case .stopped: .cleared
            case .cleared, .gone: .gone
            }
        return .zero
    }
}
