import Nouns
import Supervision

/// One line of the journal: something that a supervisor of a later life must know.
package enum JournalEntry: Hashable, Sendable {
    /// The boot that everything below belongs to: `/proc/sys/kernel/random/boot_id`.
    case boot(String)
    /// No incarnation or generation above these is used before a higher line is on disk.
    case reserved(incarnations: UInt64, generations: UInt64)
    /// The highest that were used before this journal was last rewritten.
    case used(incarnation: UInt64, generation: UInt64)
    /// The newest of each instance counts.
    case instance(InstanceRecord)
    case forgotten(InstanceID)
    case project(ProjectID, isWithdrawn: Bool)
    /// A process is about to be started.
    case intended(Incarnation, Kind)
    case started(Incarnation, ProcessFact)
    case assigned(Incarnation, InstanceID, Generation?)
    /// The process and all of its cgroup or process group are gone.
    case gone(Incarnation)
    case bound(Generation, ListenerFact)
    case closed(Generation)
    case frontJoined(FrontFact)
    case frontLeft(FrontFact)
    /// A user id is somebody's for good; `isReleased`: its data is gone, and the id may be given again.
    case user(UserOwner, UInt32, isReleased: Bool)
}

/// A process that was started.
package struct ProcessFact: Hashable, Sendable {
    package var kind: Kind
    package var pid: Int32
    /// Field 22 of `/proc/PID/stat`, in clock ticks since boot: with the pid it names a process for good.
    package var startTicks: UInt64
    /// Its cgroup below the supervisor's; nil where there are none.
    package var leaf: String?
    /// Nil when it was not known.
    package var program: ProgramIdentity?
    /// Nil while it is blank.
    package var instance: InstanceID?
    package var generation: Generation?

    package init(kind: Kind, pid: Int32, startTicks: UInt64, leaf: String?) {
        (self.kind, self.pid, self.startTicks, self.leaf) = (kind, pid, startTicks, leaf)
    }
}

/// A set of listening sockets.
package struct ListenerFact: Hashable, Sendable {
    package var instance: InstanceID
    package var port: UInt16
    /// Nil for kinds that cannot check one.
    package var token: Token?
    package var hasUnix: Bool
    package var hasHandOff: Bool

    package init(instance: InstanceID, port: UInt16, token: Token?, hasUnix: Bool, hasHandOff: Bool) {
        (self.instance, self.port, self.token) = (instance, port, token)
        (self.hasUnix, self.hasHandOff) = (hasUnix, hasHandOff)
    }
}

/// A front that is connected.
package struct FrontFact: Hashable, Sendable {
    package var session: UInt64
    package var pid: Int32
    package var startTicks: UInt64

    package init(session: UInt64, pid: Int32, startTicks: UInt64) {
        (self.session, self.pid, self.startTicks) = (session, pid, startTicks)
    }
}
