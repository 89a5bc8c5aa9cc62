import Nouns

/// Decides which processes run, on which port, again or not, and until when; who may reach them; and when they sleep.
///
/// A value that does no I/O: an event and the moment go in, actions come out, in order. Its shell carries the actions
/// out and takes no decision of its own.
///
/// Each event is first taken in by the instance it is about; then everything that follows from it is settled
/// (`settle`): who may start now, who gets a port, which deadline comes next, what the journal must know.
package struct Supervisor: Sendable {
    struct Front: Sendable {
        var isRegistered = false
        /// Both kept so that all of a front's can be found when it goes.
        var leases: Set<InstanceID> = []
        var tickets: [UInt64: InstanceID] = [:]
    }

    struct Project: Sendable {
        var since: Instant
        var isWithdrawn = false
        /// Of its kinds that something is known of, in no order.
        var instances: Set<InstanceID> = []
        /// Commands answered when nothing of it is left.
        var withdrawals: [CommandID] = []
    }

    enum Owner: Hashable, Sendable {
        case instance(InstanceID)
        case relief(InstanceID)
        case leaver(InstanceID)
        case blank(Kind)
    }

    /// What a deadline is for. Of those due at one moment the least comes first.
    enum Alarm: Hashable, Comparable, Sendable {
        case registration
        case ports
        case warm(Kind)
        case instance(InstanceID)
    }

    var settings: Settings
    /// What held for kinds that are gone from the cluster file, for their instances that still go down.
    var removedKinds: [Kind: KindSettings] = [:]
    /// Kinds that need a kind, from the settings.
    var dependents: [Kind: [Kind]] = [:]
    /// Kinds with warm processes, and shared services, from the settings, in order.
    var warmKinds: [Kind] = []
    var services: [Kind] = []
    var random: SplitMix64
    var now: Instant

    var registry: [ProjectID: Project] = [:]
    var known: [InstanceID: Instance] = [:]
    var fronts: [FrontID: Front] = [:]
    /// Whose a process or a set of sockets is; news of others is stale.
    var owners: [Incarnation: Owner] = [:]
    var listening: [Generation: InstanceID] = [:]
    var nextIncarnation: Incarnation
    var nextGeneration: Generation

    var portPool: PortPool
    /// Instances that wait for a port, in the order in which they came.
    var portQueue = PriorityQueue<InstanceID, UInt64>()
    /// Those of them that need others of their project, the last first.
    var needyQueue = PriorityQueue<InstanceID, UInt64>()
    var portQueueLast: UInt64 = 0
    /// Instances that are going down and will give their port back.
    var portsComing: Set<InstanceID> = []
    var startQueue = StartQueue()
    /// Processes that are starting, blank ones too.
    var startsUnderWay = 0
    /// Services whose successors wait for their turn to start.
    var reliefsWanted: [InstanceID] = []
    var waitingForNeeds: Set<InstanceID> = []
    /// Instances nobody would miss, by the moment since when.
    var idle = PriorityQueue<InstanceID, Instant>()
    var warm: [Kind: WarmPool] = [:]

    var alarms = PriorityQueue<Alarm, Instant>()
    /// Instances that the current event changed, in the order in which it did.
    var touched: [InstanceID] = []
    var out: [Action] = []

    /// Until when fronts of the life before may still register; nil: they have. Until then nothing is put to sleep
    /// and no port is freed.
    var registrationDeadline: Instant?
    /// As many as there were in the life before; one that died in between is replaced by another.
    var frontsExpected = 0
    /// Listeners that would have been closed meanwhile.
    var parked: [Instance.Listener] = []
    /// Set by `shutdown`: the commands to answer when all is down.
    var shutdowns: [CommandID] = []
    var isShuttingDown = false
    var isFinished = false
    var areServicesReleased = false
    /// Instances that have a process: of projects, and services.
    var projectRuns = 0
    var serviceRuns = 0
    /// Until `begin`.
    var remains: Remains?

    /// Actions that the start itself asks for: services, warm processes, what the remains need. Call once, first.
    package mutating func begin(at moment: Instant) -> [Action] {
        now = max(now, moment)
        takeUp()
        return settled()
    }

    package mutating func handle(_ event: Event, at moment: Instant) -> [Action] {
        now = max(now, moment)
        switch event {
        case .frontJoined(let front): joined(front)
        case .frontHolds(let front, let id, let generation): holds(front, id, generation)
        case .frontRegistered(let front): registered(front)
        case .frontLeft(let front): left(front)
        case .requested(let ticket, let id, let deadline): requested(ticket, id, deadline: deadline)
        case .withdrawn(let ticket): withdrawn(ticket)
        case .released(let front, let id, let generation): released(front, id, generation)
        case .spawnFailed(let incarnation, let failure):
            exited(incarnation, Exit(note: failure.reason), hasRun: false)
        case .ready(let incarnation): ready(incarnation)
        case .stopping(let incarnation): saidStopping(incarnation)
        case .pinged(let incarnation): pinged(incarnation)
        case .busy(let incarnation, let isBusy): changeRun(incarnation) { $0.isBusy = isBusy }
        case .quiet(let incarnation): changeRun(incarnation) { $0.isQuiet = true }
        case .stirred(let incarnation): changeRun(incarnation) { $0.isQuiet = false }
        case .exited(let incarnation, let exit): exited(incarnation, exit, hasRun: true)
        case .bound(let generation): bound(generation)
        case .bindFailed(let generation, let port): bindFailed(generation, port)
        case .commanded(let command, let order): commanded(command, order)
        case .configured(let settings): configured(settings)
        case .deadline: break
        }
        return settled()
    }

    /// When `deadline` is due at the latest; nil: not before something happens. After each event it lies ahead.
    package var nextDeadline: Instant? { alarms.first?.priority }
}
