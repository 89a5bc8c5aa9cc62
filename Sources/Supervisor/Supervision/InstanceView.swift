import Nouns

/// What anyone may know of one instance, as `/status` shows it.
package struct InstanceView: Hashable, Sendable {
    package enum Desired: String, Sendable {
        case asleep, serving, disabled
    }

    package enum Observed: String, CaseIterable, Sendable {
        case asleep, starting, serving, draining, stopping, backoff, quarantined, disabled
    }

    package var instance: InstanceID
    package var desired: Desired
    package var observed: Observed
    /// Why it is so, a short sentence.
    package var reason: String
    /// It is down, or on its way down, until a hold ends.
    package var isHeld: Bool
    package var incarnation: Incarnation?
    package var generation: Generation?
    package var port: UInt16?
    /// Since when it has been in the observed state.
    package var since: Instant
    package var restarts: Int
    package var lastExit: Exit?
    package var lastExitAt: Instant?
    package var nextAttempt: Instant?
    /// Fronts that hold a lease.
    package var leases: Int
    package var waiters: Int
    package var isBusy: Bool
    package var isWatched: Bool
    /// Processes before this one that are still finishing.
    package var leaving: Int

    package init(
        instance: InstanceID, desired: Desired, observed: Observed, reason: String, isHeld: Bool = false,
        incarnation: Incarnation?,
        generation: Generation?, port: UInt16?, since: Instant, restarts: Int, lastExit: Exit?,
        lastExitAt: Instant?,
        nextAttempt: Instant?, leases: Int, waiters: Int, isBusy: Bool, isWatched: Bool, leaving: Int = 0
    ) {
        (self.instance, self.desired, self.observed, self.reason) = (instance, desired, observed, reason)
        self.isHeld = isHeld
        (self.incarnation, self.generation, self.port, self.since) = (incarnation, generation, port, since)
        (self.restarts, self.lastExit, self.lastExitAt) = (restarts, lastExit, lastExitAt)
        (self.nextAttempt, self.leases, self.waiters) = (nextAttempt, leases, waiters)
        (self.isBusy, self.isWatched, self.leaving) = (isBusy, isWatched, leaving)
    }
}

/// What anyone may know of the port pool.
package struct PortsView: Hashable, Sendable {
    package var range: ClosedRange<UInt16>
    package var held: Int
    package var free: Int
    /// Taken by programs that are not ours.
    package var taken: [UInt16]
    package init(range: ClosedRange<UInt16>, held: Int, free: Int, taken: [UInt16]) {
        (self.range, self.held, self.free, self.taken) = (range, held, free, taken)
    }
}

/// The whole in figures.
package struct CountsView: Hashable, Sendable {
    package var projects: Int
    /// Of which a process runs, or is on its way up or down.
    package var projectsAwake = 0
    /// Shared services with a process.
    package var services = 0
    /// Instances that wait for their next attempt after a crash.
    package var backingOff = 0
    package var quarantined = 0

    package init(projects: Int) { self.projects = projects }
}
