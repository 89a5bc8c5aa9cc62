import Nouns
import Supervision

/// What all lines of a journal come to.
package struct JournalState: Hashable, Sendable {
    package private(set) var bootID: String?
    package private(set) var incarnationsReserved: UInt64 = 0
    package private(set) var generationsReserved: UInt64 = 0
    /// The highest numbers that any line speaks of.
    package private(set) var incarnationMax: UInt64 = 0
    package private(set) var generationMax: UInt64 = 0
    package private(set) var records: [InstanceID: InstanceRecord] = [:]
    package private(set) var projects: Set<ProjectID> = []
    package private(set) var withdrawnProjects: Set<ProjectID> = []
    /// Processes that were about to be started: whether they were is not known.
    package private(set) var intents: [Incarnation: Kind] = [:]
    package private(set) var processes: [Incarnation: ProcessFact] = [:]
    package private(set) var listeners: [Generation: ListenerFact] = [:]
    package private(set) var fronts: [UInt64: FrontFact] = [:]
    package private(set) var users = UserTable()

    package init() {}

    /// Lines that are cut short, damaged, or of a later version are skipped and counted.
    package init(reading bytes: some Collection<UInt8>, damaged: inout Int) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let line = try? JournalLine(decoding: line), let entry = try? JournalEntry(line) else {
                damaged += 1
                continue
            }
            apply(entry)
        }
    }

    package mutating func apply(_ entry: JournalEntry) {
        switch entry {
        case .boot(let id): bootID = id
        case .reserved(let incarnations, let generations):
            incarnationsReserved = max(incarnationsReserved, incarnations)
            generationsReserved = max(generationsReserved, generations)
        case .used(let incarnation, let generation):
            incarnationMax = max(incarnationMax, incarnation)
            generationMax = max(generationMax, generation)
        case .instance(let record):
            records[record.instance] = record == InstanceRecord(record.instance) ? nil : record
        case .forgotten(let instance): records[instance] = nil
        case .project(let project, let isWithdrawn):
            if isWithdrawn {
                projects.remove(project)
                withdrawnProjects.insert(project)
            } else {
                projects.insert(project)
            }
        case .intended(let incarnation, let kind):
            intents[incarnation] = kind
            incarnationMax = max(incarnationMax, incarnation.number)
        case .started(let incarnation, let fact):
            intents[incarnation] = nil
            processes[incarnation] = fact
            incarnationMax = max(incarnationMax, incarnation.number)
        case .assigned(let incarnation, let instance, let generation):
            processes[incarnation]?.instance = instance
            processes[incarnation]?.generation = generation
        case .gone(let incarnation):
            intents[incarnation] = nil
            processes[incarnation] = nil
        case .bound(let generation, let fact):
            listeners[generation] = fact
            generationMax = max(generationMax, generation.number)
        case .closed(let generation): listeners[generation] = nil
        case .frontJoined(let fact): fronts[fact.session] = fact
        case .frontLeft(let fact): fronts[fact.session] = nil
        case .user(let owner, let id, let isReleased):
            if isReleased { users.release(owner, id) } else { users.give(id, to: owner) }
        }
    }

    /// Makes this the state of another boot: processes, sockets and moments of the one before mean nothing any more;
    /// operators' decisions and projects stay. Numbers go on above all that were reserved, for lines that never
    /// reached the disk may have used them.
    package mutating func reboot(into id: String) {
        bootID = id
        incarnationMax = max(incarnationMax, incarnationsReserved)
        generationMax = max(generationMax, generationsReserved)
        (intents, processes, listeners, fronts) = ([:], [:], [:], [:])
        for (instance, record) in records {
            var kept = InstanceRecord(instance)
            kept.isDisabled = record.isDisabled
            kept.isQuarantined = record.isQuarantined
            kept.restarts = record.restarts
            kept.lastExit = record.lastExit
            records[instance] = kept == InstanceRecord(instance) ? nil : kept
        }
    }

    /// The fewest lines that come to the same.
    package var entries: [JournalEntry] {
        var entries: [JournalEntry] = []
        if let bootID { entries.append(.boot(bootID)) }
        entries.append(.reserved(incarnations: incarnationsReserved, generations: generationsReserved))
        entries.append(.used(incarnation: incarnationMax, generation: generationMax))
        entries += projects.sorted().map { .project($0, isWithdrawn: false) }
        entries += withdrawnProjects.sorted().map { .project($0, isWithdrawn: true) }
        entries += intents.sorted { $0.key < $1.key }.map { .intended($0.key, $0.value) }
        entries += processes.sorted { $0.key < $1.key }.map { .started($0.key, $0.value) }
        entries += listeners.sorted { $0.key < $1.key }.map { .bound($0.key, $0.value) }
        entries += fronts.sorted { $0.key < $1.key }.map { .frontJoined($0.value) }
        entries += users.entries
        entries += records.values.sorted { $0.instance < $1.instance }.map { .instance($0) }
        return entries
    }
}
