import Nouns

/// What a restarted supervisor must know of an instance; the shell's journal keeps the newest of each.
package struct InstanceRecord: Hashable, Sendable {
    /// A process that was, or was about to be, started for the instance.
    package struct Run: Hashable, Sendable {
        package var incarnation: Incarnation
        package var isReady: Bool
        package var isStopping: Bool
        package var since: Instant
        package init(incarnation: Incarnation, isReady: Bool, isStopping: Bool, since: Instant) {
            (self.incarnation, self.isReady) = (incarnation, isReady)
            (self.isStopping, self.since) = (isStopping, since)
        }
    }

    /// A successor that starts beside the process that serves.
    package struct Relief: Hashable, Sendable {
        package var incarnation: Incarnation
        package var since: Instant
        package init(incarnation: Incarnation, since: Instant) {
            (self.incarnation, self.since) = (incarnation, since)
        }
    }

    package struct Listener: Hashable, Sendable {
        package var generation: Generation
        package var port: UInt16
        package init(generation: Generation, port: UInt16) {
            (self.generation, self.port) = (generation, port)
        }
    }

    package var instance: InstanceID
    package var isDisabled = false
    package var isQuarantined = false
    package var run: Run?
    package var listener: Listener?
    package var relief: Relief?
    /// Processes that were relieved and have not ended yet.
    package var leavers: [Incarnation] = []
    /// Moments of the crashes that still count.
    package var crashes: [Instant] = []
    /// Attempts in a row, for the next backoff.
    package var attempts = 0
    package var nextAttempt: Instant?
    package var restarts = 0
    package var lastExit: Exit?
    package var lastExitAt: Instant?

    package init(_ instance: InstanceID) { self.instance = instance }

    /// Whether that process of the instance's was ready.
    package func isReady(_ incarnation: Incarnation) -> Bool {
        run?.incarnation == incarnation ? run!.isReady : leavers.contains(incarnation)
    }

    /// All processes that are the instance's, in whatever role.
    package var incarnations: [Incarnation] {
        [run?.incarnation, relief?.incarnation].compactMap(\.self) + leavers
    }
}

/// What is left of the life before, found by the shell at its start.
package struct Remains: Hashable, Sendable {
    package var records: [InstanceRecord] = []
    package var projects: [ProjectID] = []
    package var withdrawnProjects: [ProjectID] = []
    /// Incarnations of the records whose process still lives; a record's run that is not among them has ended with
    /// `Exit(note: "unknown (adopted)")`.
    package var living: Set<Incarnation> = []
    /// Generations whose sockets the shell has again. Others were lost: their instance goes on while its process
    /// lives, and gets a new generation afterwards.
    package var listening: Set<Generation> = []
    /// Above every number ever used.
    package var nextIncarnation = Incarnation(1)
    package var nextGeneration = Generation(1)
    /// How many fronts were connected in the life before: nothing sleeps until so many have
    /// registered; one that died meanwhile is replaced by its successor.
    package var frontsExpected = 0
    package var expectsFront: Bool {
        get { frontsExpected > 0 }
        set { frontsExpected = newValue ? max(1, frontsExpected) : 0 }
    }

    package init() {}
}
