import Nouns

/// Identifies one front's connection to the supervisor.
package struct FrontID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package var description: String { "front\(number)" }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// One front's wish for one instance.
package struct Ticket: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let front: FrontID
    package let number: UInt64
    package init(_ front: FrontID, _ number: UInt64) { (self.front, self.number) = (front, number) }
    package var description: String { "\(front)#\(number)" }
    package static func < (a: Self, b: Self) -> Bool { (a.front, a.number) < (b.front, b.number) }
}

/// One operator's command, answered once.
package struct CommandID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package var description: String { "command\(number)" }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// One hold of an instance; chosen at random by whoever asks for it, so that nobody ends another's.
package struct HoldID: Hashable, Sendable, CustomStringConvertible {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package var description: String { "hold\(number)" }
}

/// All that can happen to the supervisor.
package enum Event: Hashable, Sendable {
    // Fronts
    /// A front connected. Until it is registered (or gone) after a restart of the supervisor, nothing is put to sleep
    /// and no port is freed.
    case frontJoined(FrontID)
    /// A front says which lease it has from before.
    case frontHolds(FrontID, InstanceID, Generation)
    /// It has said all it holds.
    case frontRegistered(FrontID)
    /// Its process is gone: all its leases and tickets with it.
    case frontLeft(FrontID)
    /// Answered once, by `grant` or `refuse`, at the latest at the deadline.
    case requested(Ticket, InstanceID, deadline: Instant)
    case withdrawn(Ticket)
    case released(FrontID, InstanceID, Generation)

    // Processes; news of an unknown or old incarnation is ignored.
    /// The shell could not start the process of a `spawn`.
    case spawnFailed(Incarnation, SpawnFailure)
    case ready(Incarnation)
    /// The child said `STOPPING=1`: its exit, if it comes in time, is planned.
    case stopping(Incarnation)
    case pinged(Incarnation)
    case busy(Incarnation, Bool)
    case quiet(Incarnation)
    /// Something connected to a service that is not watched.
    case stirred(Incarnation)
    /// The process is gone, and so is everything in its cgroup or process group.
    case exited(Incarnation, Exit)

    // Ports
    /// Answers a `bind`, after the batch it came in: the sockets listen. `spawn` and `assign` follow.
    case bound(Generation)
    /// Answers a `bind` that could not be carried out: the port is skipped for `Settings.portRetry` and another tried.
    case bindFailed(Generation, port: UInt16)

    // Operators
    case commanded(CommandID, Command)
    /// The cluster file was read again.
    case configured(Settings)

    /// The moment `nextDeadline` has come.
    case deadline
}

/// Why a process could not be started at all.
package struct SpawnFailure: Hashable, Sendable {
    /// Fixed phrase: `program missing`, `no memory`, `too many processes`, …
    package var reason: String
    package init(reason: String) { self.reason = reason }
}

/// How a process ended.
package struct Exit: Hashable, Sendable {
    /// Set when it ended by itself.
    package var code: Int32?
    /// Set when a signal ended it.
    package var signal: Int32?
    /// What the shell knows beyond: `out of memory`, `unknown (adopted)`.
    package var note: String?

    package init(code: Int32? = nil, signal: Int32? = nil, note: String? = nil) {
        (self.code, self.signal, self.note) = (code, signal, note)
    }

    package static let clean = Exit(code: 0)
}

/// What operators and the platform may ask for. Each is answered by `Action.answer`.
package enum Command: Hashable, Sendable {
    /// Wakes the instance; clears `disabled`. Answered when it serves or fails.
    case start(InstanceID)
    /// Stops the instance and keeps it down (`disabled`) until `start`. Answered when it is down.
    case stop(InstanceID)
    /// Stops it and starts it again; not counted as a crash. Answered when it serves or fails.
    case restart(InstanceID)
    /// Revokes its leases, lets it finish, and puts it to sleep; the next request wakes it. Answered when it sleeps.
    case drain(InstanceID)
    /// Drains it and keeps it down, so that its files stay as they are, until `letGo`, at most for so long from when it
    /// is down (and `Supervisor.holdMax`), and not over a restart of the supervisor. Requests and what needs it wait
    /// meanwhile, each until its own deadline. Answered when it is down.
    case hold(InstanceID, HoldID, Duration)
    /// Lets a hold last for so long from now on. Answered at once: with a fault unless it still holds.
    case extend(InstanceID, HoldID, Duration)
    /// Ends a hold. Answered at once: with a fault unless the instance was down from the hold's answer until now.
    case letGo(InstanceID, HoldID)
    /// Forgets its crashes: ends backoff and quarantine. Answered at once.
    case clear(InstanceID)
    /// Makes a project known; its instances appear as asleep. Answered at once; harmless when known.
    case declare(ProjectID)
    /// Fences a project off: no lease is granted any more, all its instances are drained and stopped, its ports freed
    /// and its instances forgotten. Answered when all are gone. Declaring it again is refused for as long as the
    /// supervisor remembers it.
    case withdraw(ProjectID)
    /// Replaces the warm processes by ones of the programs that are there now. Answered at once.
    case renewWarm
    /// Stops everything, services last and in reverse order of need. Answered when all is down; then `Action.finish`.
    case shutdown
}
