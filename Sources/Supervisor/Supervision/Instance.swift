import Nouns

/// What the supervisor knows of one project's one kind.
struct Instance: Sendable {
    /// One process, from its start to its exit.
    struct Run: Hashable, Sendable {
        let incarnation: Incarnation
        /// When it was started; once it is ready, since when it is.
        var since: Instant
        var isReady = false
        /// The watchdog's, as the process was told it.
        var period: Duration?
        var isBusy = false
        var isQuiet = false
        /// By when it must have said that it lives; nil while it is not watched.
        var watchdog: Instant?
    }

    /// Port, sockets and token: kept from `bind` to `close`, over crashes of the processes behind them.
    struct Listener: Hashable, Sendable {
        var generation: Generation
        var port: UInt16
        /// The supervisor has no copy of the sockets any more: they end with the process that holds the others.
        var isLost = false
    }

    /// A successor that is to take over from the process that serves.
    enum Relief: Hashable, Sendable {
        /// It starts as soon as it may.
        case wanted
        /// It runs and must be ready by the deadline.
        case process(Run, deadline: Instant)
    }

    /// A process that was relieved, until its exit.
    struct Leaver: Hashable, Sendable {
        enum Stage: Hashable, Sendable {
            /// Takes on nothing new. Leaves to `ending`.
            case finishing(until: Instant)
            /// Told to end. Leaves to `killed`.
            case ending(until: Instant)
            case killed
        }
        let incarnation: Incarnation
        var stage: Stage
    }

    struct Waiter: Hashable, Sendable {
        var ticket: Ticket
        var deadline: Instant
    }

    /// Kept down so that its files stay as they are.
    struct Hold: Hashable, Sendable {
        let id: HoldID
        let time: Duration
        /// Since when the instance is down; nil while it comes down.
        var since: Instant?
        var until: Instant?
        /// To be answered when the instance is down; nil: it is.
        var command: CommandID?
    }

    /// How far a start has come.
    enum Phase: Hashable, Sendable {
        /// Kinds it needs do not serve yet.
        case needs
        /// No port is free.
        case port
        /// The shell binds its sockets.
        case binding
        /// Too many others are starting.
        case turn
        /// The process runs and must be ready by the deadline.
        case process(Run, deadline: Instant)
    }

    /// What a process that was told to end leads to.
    enum Aim: Hashable, Sendable {
        /// Sleep; or `disabled` or nothing at all, as the instance's flags say.
        case down
        /// A successor on the same listener, whose leases go on.
        case restart
        /// It ends by itself and said so; a successor only if somebody needs it.
        case planned
        /// It was killed for a fault, which counts.
        case crash(KillReason)
    }

    enum State: Hashable, Sendable {
        /// No process, no port. Leaves to `starting` when somebody needs it.
        case asleep
        /// Before it serves. `isObliged`: goes on though nobody waits. Leaves to `serving` when the process is ready,
        /// to `backoff` or `quarantined` when it ends before, to `stopping` when it takes too long or is unwanted.
        case starting(Phase, isObliged: Bool)
        /// Ready. Leaves to `draining` when it is to end, to `stopping` when nobody has a lease then or it hangs, to
        /// `starting`, `backoff` or `quarantined` when it crashes.
        case serving(Run)
        /// Leases are revoked and fronts finish, until `grace` (nil: over) and until those that need it are down.
        /// Leaves to `stopping`.
        case draining(Run, grace: Instant?)
        /// Told to end; killed at `deadline` (nil: killed already). Leaves with the exit, to where the aim says.
        case stopping(Run, Aim, deadline: Instant?)
        /// Crashed; started again at the moment.
        case backoff(until: Instant)
        /// Crashed too often; probed at the moment. Requests are refused meanwhile.
        case quarantined(until: Instant)
        /// Kept down by an operator until told otherwise.
        case disabled
    }

    let id: InstanceID
    var state = State.asleep
    /// Since when the observed state holds, and why.
    var since: Instant
    var reason = "not needed yet"
    var isDisabled = false
    /// No process is started for it meanwhile.
    var hold: Hold?
    /// Set from the start of a `bind`, until `close`: in `starting`, `serving`, `draining`, `stopping`, `backoff`.
    var listener: Listener?
    /// Beside `serving`, or beside `stopping` where the process ends by itself or for a fault.
    var relief: Relief?
    /// In any state, oldest first.
    var leavers: [Leaver] = []
    /// Fronts that may send traffic to the listener's generation, in order.
    var leases: [FrontID] = []
    /// In the order in which they came.
    var waiters: [Waiter] = []
    /// Commands answered when it serves or fails, and when it is down.
    var starters: [CommandID] = []
    var stoppers: [CommandID] = []
    var crashes = CrashHistory()
    var restarts = 0
    var lastExit: Exit?
    var lastExitAt: Instant?
    /// Set exactly while it serves and nobody would miss it.
    var idleSince: Instant?
    /// What was last given to the journal.
    var recorded: InstanceRecord?
    /// Whether it is already listed for the end of the current event.
    var isTouched = false

    init(_ id: InstanceID, since: Instant) { (self.id, self.since) = (id, since) }
}

extension Instance {
    var run: Run? {
        get {
            switch state {
            case .starting(.process(let run, _), _), .serving(let run), .draining(let run, _),
                .stopping(let run, _, _):
                run
            case .starting, .asleep, .backoff, .quarantined, .disabled: nil
            }
        }
        set {
            guard let newValue else { preconditionFailure("\(id) loses its process only by leaving \(state)") }
            switch state {
            case .starting(.process(_, let deadline), let isObliged):
                state = .starting(.process(newValue, deadline: deadline), isObliged: isObliged)
            case .serving: state = .serving(newValue)
            case .draining(_, let grace): state = .draining(newValue, grace: grace)
            case .stopping(_, let aim, let deadline): state = .stopping(newValue, aim, deadline: deadline)
            case .starting, .asleep, .backoff, .quarantined, .disabled:
                preconditionFailure("\(id) has no process in \(state)")
            }
        }
    }

    /// By when something must have happened.
    func deadline(idleTimeout: Duration?) -> Instant? {
        var least = waiters.lazy.map(\.deadline).min()
        func consider(_ moment: Instant?) {
            if let moment, moment < least ?? .distantFuture { least = moment }
        }
        consider(hold?.until)
        switch state {
        case .starting(.process(_, let deadline), _): consider(deadline)
        case .serving(let run):
            consider(run.watchdog)
            if let idleSince, let idleTimeout { consider(idleSince + idleTimeout) }
        case .draining(let run, let grace):
            consider(run.watchdog)
            consider(grace)
        case .stopping(_, _, let deadline): consider(deadline)
        case .quarantined where hold != nil: break
        case .backoff(let until), .quarantined(let until): consider(until)
        case .starting, .asleep, .disabled: break
        }
        if case .process(_, let deadline) = relief { consider(deadline) }
        for leaver in leavers {
            switch leaver.stage {
            case .finishing(let until), .ending(let until): consider(until)
            case .killed: break
            }
        }
        return least
    }
}

extension Instance.State {
    /// One of those that may start at once.
    var isStartUnderWay: Bool { if case .starting(.process, _) = self { true } else { false } }

    /// Whether it counts on the kinds it needs.
    var countsOnNeeds: Bool {
        switch self {
        case .starting, .serving, .draining, .stopping, .backoff: true
        case .asleep, .quarantined, .disabled: false
        }
    }

    var hasProcess: Bool {
        switch self {
        case .starting(.process, _), .serving, .draining, .stopping: true
        case .starting, .asleep, .backoff, .quarantined, .disabled: false
        }
    }

    var observed: InstanceView.Observed {
        switch self {
        case .asleep: .asleep
        case .starting: .starting
        case .serving: .serving
        case .draining: .draining
        case .stopping: .stopping
        case .backoff: .backoff
        case .quarantined: .quarantined
        case .disabled: .disabled
        }
    }
}
