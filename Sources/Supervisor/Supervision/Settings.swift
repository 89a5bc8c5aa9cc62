import Nouns

/// What the cluster file says about supervision.
package struct Settings: Hashable, Sendable {
    /// Inclusive; the pool that instances listen on.
    package var ports: ClosedRange<UInt16> = 9000...9999
    package var kinds: [Kind: KindSettings] = [:]
    /// Processes that may be starting at once, all kinds together.
    package var startsMax = 8
    /// Requests (tickets) that may wait for one instance; more are refused.
    package var waitersPerInstanceMax = 64
    /// Projects that may be known.
    package var projectsMax = 100_000
    /// How long a port that could not be bound is left alone.
    package var portRetry = Duration.seconds(60)
    /// How long to wait for fronts to register after a restart of the supervisor before they count as gone.
    package var registrationTimeout = Duration.seconds(10)

    package init() {}
}

/// What the cluster file says about one kind.
package struct KindSettings: Hashable, Sendable {
    package enum Scope: String, CaseIterable, Sendable {
        /// One process for the cluster, always up.
        case service
        /// One for each project that needs it.
        case project
    }

    package var scope = Scope.project
    /// Kinds of the same scope, or services, that must serve before this one starts; when one of them restarts, this
    /// one does too (`rest_for_one`). Has no cycles.
    package var needs: [Kind] = []
    package var startTimeout = Duration.seconds(5)
    package var stopTimeout = Duration.seconds(10)
    /// How long fronts may go on with what is under way when a lease is revoked.
    package var drainTimeout = Duration.seconds(10)
    /// Whether a planned restart of a service starts the successor before the old process leaves: both then run side by
    /// side, on the same sockets. The old one has `drainTimeout` to finish, and `stopTimeout` when told to end.
    package var overlaps = false
    /// Nil: not watched.
    package var watchdog: Duration? = .seconds(2)
    /// Without leases and open work. Nil: never put to sleep.
    package var idleTimeout: Duration? = .seconds(60)
    package var restart = RestartPolicy()
    /// Blank processes kept ready to take a project over.
    package var warm = 0

    package init() {}
}

/// When a process that ended is started again, in the words of Erlang/OTP's `supervisor` and systemd's `Restart=`.
package struct RestartPolicy: Hashable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        /// After every exit that was not planned.
        case permanent
        /// After a crash, not after exit code 0.
        case transient
        /// Never; the next request starts it.
        case temporary
    }

    package var mode = Mode.permanent
    /// The wait before the second attempt in a row; the first comes at once.
    package var delayMin = Duration.milliseconds(100)
    package var delayMax = Duration.seconds(60)
    /// Each wait is this many times the one before.
    package var factor = 2
    /// In a hundred, both ways.
    package var jitter = 20
    /// After so long in health the count of attempts begins anew.
    package var resetAfter = Duration.seconds(60)
    /// More than so many crashes…
    package var intensity = 5
    /// …within this time lead to quarantine.
    package var period = Duration.seconds(60)

    package init() {}
}
