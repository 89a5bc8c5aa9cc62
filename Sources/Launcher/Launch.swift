import Nouns

/// Decides when the supervisor is started, started again or stopped, and when the launch is over.
///
/// A value that does no I/O: an event and the moment go in, actions come out, in order. The first restart comes at
/// once, later ones after 100 ms × 2, up to 1 s behind a supervisor that had become ready and 10 s behind one that had
/// not; a second of service begins the count anew. It never gives up on a supervisor that was ready once; one that
/// refuses its cluster file before that is not tried again.
package struct Launch: Sendable {
    /// How a process ended.
    package enum Ending: Hashable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    package enum Event: Hashable, Sendable {
        case spawnFailed(String)
        /// `READY=1`.
        case ready
        /// `NotifyKey.finished`: the next exit is the end.
        case finished
        case exited(Ending)
        /// The operator wants everything down: SIGINT or SIGTERM.
        case stopAsked
        /// The cluster file is to be read again: SIGHUP.
        case reloadAsked
        /// The moment `deadline` has come.
        case deadline
    }

    package enum Action: Hashable, Sendable {
        case spawn
        /// To the supervisor: SIGINT, everything down.
        case interrupt
        /// To the supervisor: SIGHUP.
        case reload
        /// The cluster serves, for the first time.
        case announce
        case say(String)
        /// The launcher's own exit code: 0 when all is down.
        case end(Int32)
    }

    private enum Phase: Hashable {
        /// Its process was started. Leaves to `serving` when it says so, to `resting` or the end when it exits.
        case starting
        /// Leaves to `resting` or the end when it exits.
        case serving(since: Instant)
        /// No process. Leaves to `starting` at the moment.
        case resting(until: Instant)
        case over
    }

    /// `EX_USAGE`, `EX_TEMPFAIL` (another supervisor runs) and `EX_CONFIG` of `sysexits.h`: trying again cannot help.
    package static let refusals: Set<Int32> = [64, 75, 78]
    package static let delayMin = Duration.milliseconds(100)
    package static let delayMax = Duration.seconds(10)
    /// Behind a supervisor that had become ready: it takes up where it was, so each life is worth having.
    package static let servedDelayMax = Duration.seconds(1)
    package static let resetAfter = Duration.seconds(1)
    /// How long a supervisor that was started only to stop everything may take before it is told so unready.
    package static let stopWait = Duration.seconds(5)
    /// Attempts to stop everything when the supervisor dies over it.
    package static let stopAttemptsMax = 3
    /// So many wishes to stop end the launcher at once.
    package static let stopWishesMax = 3

    private var phase = Phase.over
    private var attempts = 0
    private var hasAnnounced = false
    private var isFinished = false
    private var stopWishes = 0
    private var stopAttempts = 0
    /// Set while a supervisor that is to stop everything was not told yet.
    private var interruptBy: Instant?

    package init() {}

    /// When `deadline` is due.
    package var deadline: Instant? {
        if case .resting(let until) = phase { return until }
        return interruptBy
    }

    package mutating func begin() -> [Action] { start() }

    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .ready: becameReady(at: now)
        case .finished: noteFinished()
        case .exited(let ending): supervisorEnded(ending, at: now)
        case .spawnFailed(let reason): couldNotSpawn(reason, at: now)
        case .stopAsked: stop(at: now)
        case .reloadAsked: reload()
        case .deadline: passDeadline(at: now)
        }
    }

    private mutating func start() -> [Action] {
        phase = .starting
        isFinished = false
        return [.spawn]
    }

    private mutating func becameReady(at now: Instant) -> [Action] {
        guard case .starting = phase else { return [] }
        phase = .serving(since: now)
        if interruptBy != nil { return interrupt() }
        guard !hasAnnounced else { return [.say("supervisor is back")] }
        hasAnnounced = true
        return [.announce]
    }

    private mutating func noteFinished() -> [Action] {
        isFinished = true
        return []
    }

    private mutating func supervisorEnded(_ ending: Ending, at now: Instant) -> [Action] {
        guard phase != .over else { return [] }
        if isFinished { return end(0, "everything is down") }
        if stopWishes > 0 { return stopAgain(after: ending, at: now) }
        if !hasAnnounced, case .code(let code) = ending, Self.refusals.contains(code) {
            return end(code, "the supervisor refused to start; see its message above")
        }
        return rest(after: "supervisor \(ending)", at: now)
    }

    private mutating func couldNotSpawn(_ reason: String, at now: Instant) -> [Action] {
        guard hasAnnounced else { return end(1, "the supervisor could not be started: \(reason)") }
        if stopWishes > 0 { return stopAgain(after: nil, at: now) }
        return rest(after: "the supervisor could not be started: \(reason)", at: now)
    }

    private mutating func rest(after reason: String, at now: Instant) -> [Action] {
        var delayMax = Self.delayMax
        if case .serving(let since) = phase {
            delayMax = Self.servedDelayMax
            if now - since >= Self.resetAfter { attempts = 0 }
        }
        defer { attempts += 1 }
        guard attempts > 0 else { return [.say("\(reason); starting it again, projects go on")] + start() }
        let delay = min(Self.delayMin * (1 << min(attempts - 1, 20)), delayMax)
        phase = .resting(until: now + delay)
        return [.say("\(reason); starting it again in \(delay.millisecondsRoundedUp) ms, projects go on")]
    }

    private mutating func stop(at now: Instant) -> [Action] {
        stopWishes += 1
        guard stopWishes < Self.stopWishesMax else {
            return end(1, "left while the supervisor is still stopping; what runs on can be stopped with: bunbase down")
        }
        guard stopWishes == 1 else { return [.say("still stopping; once more leaves it to itself")] }
        switch phase {
        case .serving: return [.say("stopping everything")] + interrupt()
        case .starting:
            interruptBy = now + Self.stopWait
            return [.say("stopping everything")]
        case .resting:
            interruptBy = now + Self.stopWait
            return [.say("stopping everything")] + start()
        case .over: return []
        }
    }

    /// The supervisor died over stopping: its processes still run, and only a supervisor can stop them.
    private mutating func stopAgain(after ending: Ending?, at now: Instant) -> [Action] {
        stopAttempts += 1
        let what = ending.map { "supervisor \($0) before all was down" } ?? "the supervisor could not be started"
        guard stopAttempts < Self.stopAttemptsMax else {
            return end(1, "\(what); processes of the cluster may still run: bunbase up, then bunbase down")
        }
        interruptBy = now + Self.stopWait
        return [.say("\(what); starting it again to stop the rest")] + start()
    }

    private mutating func reload() -> [Action] {
        guard case .serving = phase else { return [.say("not reloaded: the supervisor is not serving")] }
        return [.reload]
    }

    private mutating func passDeadline(at now: Instant) -> [Action] {
        if case .resting(let until) = phase { return now >= until ? start() : [] }
        guard let interruptBy, now >= interruptBy else { return [] }
        return interrupt()
    }

    private mutating func interrupt() -> [Action] {
        interruptBy = nil
        return [.interrupt]
    }

    private mutating func end(_ code: Int32, _ reason: String) -> [Action] {
        phase = .over
        interruptBy = nil
        return [.say(reason), .end(code)]
    }
}

extension Launch.Ending: CustomStringConvertible {
    package var description: String {
        switch self {
        case .code(let code): "exited with code \(code)"
        case .signal(let signal): "was ended by signal \(signal)"
        }
    }
}
