import Nouns
import Supervision
import Support

/// Runs the real supervisor against a simulated machine, simulated fronts and operators, on a virtual clock.
///
/// Every choice follows from the seed, so that a failure is replayed by its seed alone. Time jumps from event to event:
/// an hour of supervision takes milliseconds. What is promised is checked after every step (`Simulation+Promises`).
package struct Simulation {
    /// A broken promise, with what led to it.
    package struct Violation: Error, CustomStringConvertible {
        package var promise: String
        package var seed: UInt64
        package var transcript: [String]
        package var description: String {
            (["broken promise: \(promise)", "seed: \(seed)"] + transcript.filter { !$0.contains(" < ping ") }.suffix(40)
                + ["replay: scripts/simulate 1 --seed \(seed)"]).joined(separator: "\n")
        }
    }

    /// What happened, to see that the weather was weather.
    package struct Counts: Sendable {
        package var events = 0
        package var instances = 0
        package var spawns = 0
        package var takeovers = 0
        package var grants = 0
        package var refusals = 0
        package var crashes = 0
        package var quarantines = 0
        package var kills = 0
        package var revokes = 0
        package var deaths = 0
        package var calms = 0

        package init() {}
        package mutating func add(_ other: Counts) {
            events += other.events
            instances += other.instances
            spawns += other.spawns
            takeovers += other.takeovers
            grants += other.grants
            refusals += other.refusals
            crashes += other.crashes
            quarantines += other.quarantines
            kills += other.kills
            revokes += other.revokes
            deaths += other.deaths
            calms += other.calms
        }
    }

    enum Deed {
        case blankReady, ready, hangs, ping, saysStopping, quiet, stirs
        case busy(Bool)
        /// Of its own accord, and because it was told to.
        case dies(Exit), exits(Exit)
    }

    enum Item {
        case event(Event)
        case process(Incarnation, Deed)
        case asks
        case releases(door: Int, InstanceID, Generation)
        case opens(door: Int)
        case overdue(door: Int, FrontID, ticket: UInt64)
        case supervisorStarts
    }

    enum Entry {
        case event(Instant, Event)
        case action(Instant, Action)
        case note(Instant, String)
    }

    let seed: UInt64
    var random: SplitMix64
    var weather: Weather
    var settings: Settings
    /// What held for kinds before they were taken out of the cluster file.
    var removedKinds: [Kind: KindSettings] = [:]
    var supervisor: Supervisor?
    var now = Instant.zero
    var agenda = Agenda<Item>()
    var machine = Machine()
    var doors: [Door] = []
    var frontLast: UInt64 = 0

    // What the shell keeps on disk.
    var journal: [InstanceID: InstanceRecord] = [:]
    var declared: [ProjectID] = []
    var withdrawn: [ProjectID] = []

    var commands: [CommandID: Command] = [:]
    var commandLast: UInt64 = 0
    /// The last that operators asked of an instance, and what they were told is kept down.
    var lastOrders: [InstanceID: Command] = [:]
    var keptDown: Set<InstanceID> = []
    /// Instances that are down while somebody copies their files, and until when at the latest.
    var holds: [InstanceID: (id: HoldID, since: Instant, until: Instant)] = [:]
    var holdsAskedFor: [CommandID: (id: InstanceID, time: Duration)] = [:]
    var seedLast: UInt64 = 0
    var projectLast = 0
    /// The batch that is cut short by the supervisor's death.
    var isDoomed = false
    /// The process whose end was last heard of.
    var buried: Machine.Process?
    /// When the supervisor may give fronts of its life before up.
    var registrationEnd = Instant.zero
    var isReviving = false
    var isStorm = true
    var isShuttingDown = false
    var isFinished = false
    var entries: [Entry] = []
    package private(set) var counts = Counts()

    package init(seed: UInt64) {
        self.seed = seed
        random = SplitMix64(seed: seed)
        weather = .drawn(from: &random)
        settings = .drawn(from: &random)
    }

    package var transcript: [String] { entries.map(\.line) }

    /// A storm of at least so many events, then calm in which everything must work, or a shutdown in its midst.
    package mutating func run(events: Int = 2000) throws(Violation) {
        supervisor = Supervisor(settings: settings, seed: seed, at: now)
        try take(supervisor!.begin(at: now))
        for _ in 1...10 { try declareProject() }
        for door in 0..<(1 + random.below(3)) {
            doors.append(Door())
            agenda.add(.opens(door: door), at: now)
        }
        agenda.add(.asks, at: now)
        while counts.events < events { try advance() }
        if random.chance(50) { try calm() }
        try shutDown()
    }

    /// To the next thing that happens, of the machine's or the supervisor's own.
    mutating func advance(until end: Instant = .distantFuture, quietly: Bool = false) throws(Violation) {
        let deadline = supervisor?.nextDeadline ?? .distantFuture
        let next = agenda.next ?? .distantFuture
        guard min(deadline, next) < end else {
            now = end
            return
        }
        if deadline < next {
            now = max(now, deadline)
            return try deliver(.deadline)
        }
        now = max(now, next)
        try happen(agenda.pop()!)
        if isStorm, !quietly { try disturb() }
    }

    mutating func happen(_ item: Item) throws(Violation) {
        switch item {
        case .event(let event): try deliver(event)
        case .process(let incarnation, let deed): act(incarnation, deed)
        case .asks:
            try ask()
            if isStorm { agenda.add(.asks, at: now + random.milliseconds(upTo: weather.askMax)) }
        case .releases(let door, let id, let generation): try release(door, id, generation)
        case .opens(let door): try open(door)
        case .overdue(let door, let front, let ticket):
            try promise(
                doors[door].id != front || doors[door].wishes[ticket] == nil,
                "\(Ticket(front, ticket)) is answered at the latest at its deadline")
        case .supervisorStarts: try reviveSupervisor()
        }
    }

    /// Tells the supervisor, if it lives, and does what it says.
    mutating func deliver(_ event: Event) throws(Violation) {
        learn(event)
        guard supervisor != nil else { return }
        counts.events += 1
        entries.append(.event(now, event))
        let actions = supervisor!.handle(event, at: now)
        try take(actions)
        if case .exited(let incarnation, _) = event { try checkDependents(of: incarnation) }
    }

    /// Carries a batch out, all of it or, when the supervisor dies, some of it.
    mutating func take(_ actions: [Action]) throws(Violation) {
        let cut = isDoomed ? random.below(actions.count + 1) : actions.count
        for action in actions[..<cut] {
            entries.append(.action(now, action))
            count(action)
            try perform(action)
        }
        if isDoomed { return killSupervisor() }
        try checkPromises()
    }

    private mutating func count(_ action: Action) {
        switch action {
        case .spawn: counts.spawns += 1
        case .grant: counts.grants += 1
        case .refuse: counts.refusals += 1
        case .kill: counts.kills += 1
        case .revoke: counts.revokes += 1
        case .report(let report) where report.phrase == .crashed: counts.crashes += 1
        case .report(let report) where report.phrase == .quarantined: counts.quarantines += 1
        default: break
        }
    }

    mutating func countTakeover() { counts.takeovers += 1 }
    mutating func countDeath() { counts.deaths += 1 }
    mutating func countCalm() { counts.calms += 1 }
    mutating func countInstances(_ number: Int) { counts.instances = number }

    func promise(_ isKept: Bool, _ promise: @autoclosure () -> String) throws(Violation) {
        guard isKept else { throw Violation(promise: promise(), seed: seed, transcript: transcript) }
    }
}

extension Simulation.Entry {
    var line: String {
        switch self {
        case .event(let at, let event): "\(at) < \(event.line)"
        case .action(let at, let action): "\(at) > \(action.line)"
        case .note(let at, let text): "\(at) * \(text)"
        }
    }
}
