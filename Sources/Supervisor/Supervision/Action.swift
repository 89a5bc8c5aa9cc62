import Nouns

/// All that the supervisor may ask of its shell, to be carried out in order.
package enum Action: Hashable, Sendable {
    // Ports
    /// Bind and listen for an instance: the port, the sockets beside it, a fresh token. Answered by `bound` or
    /// `bindFailed`, handled after the batch of actions is carried out.
    case bind(InstanceID, Generation, port: UInt16)
    /// Shut the generation's sockets down, close them, remove their paths, forget the token. Harmless when nothing of
    /// it is left, or when its `bind` is not answered yet.
    case close(Generation, port: UInt16)

    // Processes
    /// Write the intent down, then start a process. Blank: no instance yet. When it cannot be started, `spawnFailed`
    /// follows, handled after the batch; an `assign` of that incarnation in the batch is then void.
    case spawn(Incarnation, Kind)
    /// Tell a process what it is: hand it the generation's sockets (none for services) and its data directory. Comes
    /// right behind `spawn` for a cold start, later for a warm one.
    case assign(Incarnation, InstanceID, Generation?)
    /// Its successor serves: take on nothing new, finish, and end. May be repeated.
    case relieve(Incarnation)
    /// SIGTERM.
    case terminate(Incarnation)
    /// SIGKILL to all of its cgroup or process group.
    case kill(Incarnation, KillReason)
    /// The watchdog counts from now, or no longer.
    case watch(Incarnation, Bool)

    // Fronts
    case grant(Ticket, InstanceID, Generation, port: UInt16)
    case refuse(Ticket, Fault)
    case revoke(FrontID, InstanceID, Generation, grace: Duration, Fault?)

    // Memory
    /// Keep this so that a restarted supervisor knows it; comes before the actions that depend on it.
    case record(InstanceRecord)
    /// The instance is no more.
    case forget(InstanceID)
    case recordProject(ProjectID, isWithdrawn: Bool)

    /// Something happened that people want to see: log it, show it on `/events`.
    case report(Report)
    /// Nil: done.
    case answer(CommandID, Fault?)
    /// Everything is down after `shutdown`.
    case finish
}

/// Why a process is killed.
package enum KillReason: String, Hashable, Sendable {
    case startTimeout = "start timeout"
    case stopTimeout = "stop timeout"
    case watchdog = "watchdog"
    case leaversTooMany = "too many predecessors still leaving"
    case blankUnneeded = "warm process no longer needed"
}
