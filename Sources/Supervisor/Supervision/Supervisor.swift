import Nouns

/// Decides which processes run, on which port, again or not, and until when; who may reach them; and when they sleep.
///
/// A value that does no I/O: an event and the moment go in, actions come out, in order. Its shell carries the actions
/// out and takes no decision of its own.
package struct Supervisor: Sendable {
    /// Goes on from what a life before left behind. `seed` feeds the jitter of backoffs.
    package init(settings: Settings, seed: UInt64, remains: Remains = Remains(), at now: Instant) {
        fatalError("not built yet")
    }

    /// Actions that the start itself asks for: services, warm processes, what the remains need. Call once, first.
    package mutating func begin(at now: Instant) -> [Action] { [] }

    package mutating func handle(_ event: Event, at now: Instant) -> [Action] { [] }

    /// When `deadline` is due at the latest; nil: not before something happens.
    package var nextDeadline: Instant? { nil }

    /// All instances, in order.
    package var instances: [InstanceView] { [] }
    package func instance(_ id: InstanceID) -> InstanceView? { nil }
    /// What a restarted supervisor must know of the instance now; equals the last `record` of it after each event.
    package func record(_ id: InstanceID) -> InstanceRecord? { nil }
    package var ports: PortsView { fatalError("not built yet") }
    package var projects: [ProjectID] { [] }
    /// Blank processes ready to take a project over.
    package var warmCount: Int { 0 }
}
