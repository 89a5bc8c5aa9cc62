import Config
import Contracts
import Glibc
import JSON
import Linux
import Nouns
import Supervision

/// What an earlier life left: its journal read, living processes and sockets taken up again, the rest cleared away.
struct Inheritance {
    /// A process that goes on, to be listened to as soon as there is someone to listen.
    struct Heir {
        let incarnation: Incarnation
        let fact: ProcessFact
        let process: ChildProcess
        /// Its channels, as far as the descriptor store kept them.
        let kept: KeptProcess
    }

    /// How long strangers that were killed are waited for.
    static let strangersMax = Duration.seconds(2)

    let journal: Journal
    let home: Home
    let cage: Cage
    let log: ServerLog
    let store: DescriptorStore
    private(set) var heirs: [Heir] = []
    /// Processes that must go: unknown to the journal, or known and of no use.
    private var strangers: [ChildProcess] = []
    /// From the descriptor store, by name.
    private var kept: [String: [Descriptor]] = [:]
    private var found = ListeningSockets()

    init(journal: Journal, home: Home, cage: Cage, log: ServerLog, store: DescriptorStore, kept: ListenFDs) {
        (self.journal, self.home, self.cage, self.log, self.store) = (journal, home, cage, log, store)
        for item in kept.takeAll() { self.kept[item.name, default: []].append(item.descriptor) }
    }

    // MARK: Processes

    /// Looks who still lives. Blank processes and those that no instance counts on are ended: they wait for words that
    /// will not come.
    mutating func adopt() {
        // What was never started left nothing behind, and reading the process table takes a while.
        guard !journal.state.processes.isEmpty || !journal.state.intents.isEmpty else { return }
        let wanted = Set(journal.state.records.values.flatMap(\.incarnations))
        for (incarnation, fact) in journal.state.processes.sorted(by: { $0.key < $1.key }) {
            let isHeir = wanted.contains(incarnation) && fact.instance != nil
            let channels = KeptProcess(isHeir ? kept[StoreName.child(incarnation)] ?? [] : [])
            let process = try? ChildProcess.adopt(
                ProcessID(fact.pid, start: fact.startTicks), kept: channels.process)
            if let process, isHeir {
                kept[StoreName.child(incarnation)] = nil
                heirs.append(Heir(incarnation: incarnation, fact: fact, process: process, kept: channels))
            } else {
                if let process { strangers.append(process) }
                journal.note(.gone(incarnation))
            }
        }
        for incarnation in journal.state.intents.keys.sorted() { journal.note(.gone(incarnation)) }
        findStrangers()
        endStrangers()
        journal.flush()
    }

    /// Processes that name a notify socket of ours, or live in a control group of ours, and belong to no process that
    /// goes on: started just before the earlier life ended, or left behind by one that has ended since.
    private mutating func findStrangers() {
        let living = Set(heirs.map(\.incarnation))
        let prefix = home.run.directory + "/notify/"
        for status in ProcessTable.all() where status.pid != getpid() && !status.isZombie {
            guard let path = ProcessTable.environment(of: status.pid)?[ChildEnvironment.notifySocket],
                path.hasPrefix(prefix), let incarnation = Incarnation(path.dropFirst(prefix.count)),
                !living.contains(incarnation), let process = try? ChildProcess.adopt(status.id)
            else { continue }
            strangers.append(process)
        }
        for pid in cage.strangers(except: Set(heirs.compactMap(\.fact.leaf))) {
            guard let status = ProcessTable.status(of: pid), let process = try? ChildProcess.adopt(status.id) else {
                continue
            }
            strangers.append(process)
        }
    }

    /// They may hold locks on data: nothing new is started before they are gone.
    private mutating func endStrangers() {
        let deadline = EventLoop.clock() + Self.strangersMax
        var seen: Set<Int32> = []
        strangers.removeAll { !seen.insert($0.pid).inserted }
        for stranger in strangers {
            log.write(.warning, "unknown process killed") { $0.member("pid", stranger.pid) }
            stranger.signal(SIGKILL)
        }
        for stranger in strangers {
            let wait = max(.zero, deadline - EventLoop.clock())
            var watched = pollfd(fd: stranger.descriptor.number, events: Int16(POLLIN), revents: 0)
            _ = poll(&watched, 1, Int32(clamping: wait.millisecondsRoundedUp))
        }
        strangers = []
    }

    // MARK: Sockets

    /// Takes the sockets of instances back: from the descriptor store, else from their living process. Generations that
    /// no instance counts on are closed.
    mutating func restore(_ generations: Generations) {
        let inUse = journal.state.generationsInUse
        for (generation, fact) in journal.state.listeners.sorted(by: { $0.key < $1.key }) {
            guard inUse.contains(generation) else {
                drop(generation, fact, generations)
                continue
            }
            let owner = heirs.first { $0.fact.generation == generation }
            var stored = Self.byName(
                kept.removeValue(forKey: Generations.storeName(generation)) ?? [], fact, generations)
            let isStored = generations.names(fact).allSatisfy { stored[$0] != nil }
            let isRestored = generations.restore(generation, fact, isStored: isStored) { name in
                stored.removeValue(forKey: name) ?? copy(name, fact, generations, owner)
            }
            if isRestored { continue }
            log.write(.warning, "sockets lost") {
                $0.member("instance", fact.instance.description)
                $0.member("port", fact.port)
            }
            if owner != nil { generations.remember(generation, fact) } else { drop(generation, fact, generations) }
        }
        journal.flush()
    }

    /// Which of a generation's sockets is which: those with a path by that, the other is the port's.
    private static func byName(
        _ sockets: [Descriptor], _ fact: ListenerFact, _ generations: Generations
    ) -> [String: Descriptor] {
        var found: [String: Descriptor] = [:]
        for name in generations.names(fact) {
            let path = generations.path(name, fact)
            found[name] = sockets.first { Socket.localPath(of: $0) == path }
        }
        return found
    }

    private mutating func copy(
        _ name: String, _ fact: ListenerFact, _ generations: Generations, _ owner: Heir?
    ) -> Descriptor? {
        guard let owner else { return nil }
        let place = generations.path(name, fact).map { ListeningSockets.Name.path($0) }
        return found.copy(place ?? .address(.loopback(port: fact.port)), from: owner.process)
    }

    private mutating func drop(_ generation: Generation, _ fact: ListenerFact, _ generations: Generations) {
        for left in kept.removeValue(forKey: Generations.storeName(generation)) ?? [] { Socket.shutDown(left) }
        generations.discard(generation, fact)
        journal.note(.closed(generation))
    }

    /// A socket of a shared service, likewise.
    mutating func copy(_ kind: Kind, _ name: String, _ form: ProgramSettings.Socket, _ own: SocketAddress?)
        -> Descriptor?
    {
        if let descriptor = kept.removeValue(forKey: ServiceSockets.storeName(kind, name))?.first { return descriptor }
        guard let place = Self.place(form, own), let owner = heirs.first(where: { $0.fact.kind == kind }) else {
            return nil
        }
        return found.copy(place, from: owner.process)
    }

    private static func place(_ form: ProgramSettings.Socket, _ own: SocketAddress?) -> ListeningSockets.Name? {
        switch form {
        case .inherited: own.map { .address($0) }
        case .stream(let path), .packets(let path): .path(path)
        case .tcp(let address): SocketAddress(address.description).map { .address($0) }
        }
    }

    /// Lets go what is left over, in the descriptor store and as paths of sockets nobody listens on.
    mutating func clear(_ generations: Generations) {
        for (name, left) in kept {
            // A listener must not outlive its generation through the copy of a process that was just killed.
            if name.hasPrefix("port-") { left.forEach(Socket.shutDown) }
            store.drop(name)
        }
        kept = [:]
        let paths = home.run
        let living = Set(heirs.map(\.incarnation.description))
        for name in Directory.names(in: paths.directory + "/notify") where !living.contains(name) {
            try? Socket.removeSocket(at: "\(paths.directory)/notify/\(name)")
        }
        let ports = Set(generations.held.values.map { "\($0.fact.port)" })
        for name in Directory.names(in: paths.directory + "/port") {
            guard let port = name.split(separator: ".").first, !ports.contains(String(port)) else { continue }
            try? Socket.removeSocket(at: "\(paths.directory)/port/\(name)")
        }
    }

    // MARK: What the core goes on from

    mutating func remains(_ generations: Generations) -> Remains {
        let fronts = journal.state.fronts.values.filter {
            ProcessTable.isAlive(ProcessID($0.pid, start: $0.startTicks))
        }
        for fact in journal.state.fronts.values where !fronts.contains(fact) { journal.note(.frontLeft(fact)) }
        let listening = generations.held.filter { !$0.value.sockets.isEmpty }.keys
        return journal.state.remains(
            living: Set(heirs.map(\.incarnation)), listening: Set(listening), expectsFront: !fronts.isEmpty)
    }
}
