import Config
import Contracts
import Linux
import Nouns

/// One set of listening sockets, as the supervisor holds it: copies stay with it while processes come and go.
package struct HeldGeneration {
    package var fact: ListenerFact
    /// By `DescriptorName`: what a process of the instance is handed.
    package var sockets: [(name: String, descriptor: Descriptor)]

    package func endpoint(_ generation: Generation, _ paths: RunPaths) -> Endpoint {
        Endpoint(
            instance: fact.instance, generation: generation, port: fact.port,
            unix: fact.hasUnix ? paths.unix(port: fact.port) : nil,
            handOff: fact.hasHandOff ? paths.handOff(port: fact.port) : nil, token: fact.token)
    }
}

/// Binds, keeps and closes the sockets of instances.
///
/// A kind of ours gets the TCP port and a unix socket beside it, and one that takes connections over where it says so;
/// all demand the generation's token. A kind that speaks no control channel cannot check one: it gets only the unix
/// socket, in a directory that no other user may enter, or, with the setting `listen: tcp`, only the port.
package final class Generations {
    private let paths: RunPaths
    private let store: DescriptorStore
    private let share: (String) throws(SystemError) -> Void
    package private(set) var held: [Generation: HeldGeneration] = [:]

    /// `share`: lets fronts connect to the socket at a path, where they are another user.
    package init(
        paths: RunPaths, store: DescriptorStore, share: @escaping (String) throws(SystemError) -> Void = { _ in }
    ) {
        (self.paths, self.store, self.share) = (paths, store, share)
    }

    /// What a generation for an instance of the program consists of, with a fresh token.
    package static func fact(for instance: InstanceID, port: UInt16, _ program: ProgramSettings) -> ListenerFact {
        ListenerFact(
            instance: instance, port: port, token: program.hasControl ? Random.token() : nil,
            hasUnix: program.hasControl || program.settings["listen"] != "tcp",
            hasHandOff: program.hasControl && program.takesHandOff)
    }

    /// Binds and listens. On failure nothing of it is left.
    package func bind(_ generation: Generation, _ fact: ListenerFact) throws(SystemError) {
        var sockets: [(name: String, descriptor: Descriptor)] = []
        if hasPort(fact) {
            sockets.append((DescriptorName.tcp, try Socket.listen(on: .loopback(port: fact.port))))
        }
        if fact.hasUnix {
            sockets.append((DescriptorName.unix, try Socket.listen(at: paths.unix(port: fact.port), .stream)))
        }
        if fact.hasHandOff {
            sockets.append((DescriptorName.handOff, try Socket.listen(at: paths.handOff(port: fact.port), .packets)))
        }
        for name in names(fact) { if let path = path(name, fact) { try share(path) } }
        // Where a file system knows no second names, there is none to fall back on.
        if let path = path(DescriptorName.handOff, fact), fact.hasHandOff {
            try? Socket.addName(RunPaths.spare(of: path), to: path)
        }
        store.keep(sockets.map(\.descriptor), as: Self.storeName(generation))
        held[generation] = HeldGeneration(fact: fact, sockets: sockets)
    }

    /// Takes sockets of an earlier life back; all must be there. False: nothing is kept. Those that were not in the
    /// store (`isStored`) are put there.
    package func restore(
        _ generation: Generation, _ fact: ListenerFact, isStored: Bool, taking socket: (String) -> Descriptor?
    ) -> Bool {
        var sockets: [(name: String, descriptor: Descriptor)] = []
        for name in names(fact) {
            guard let descriptor = socket(name) else { return false }
            sockets.append((name, descriptor))
            // Bound by a life in which the front was this process's user.
            if let path = path(name, fact) { try? share(path) }
        }
        if !isStored { store.keep(sockets.map(\.descriptor), as: Self.storeName(generation)) }
        held[generation] = HeldGeneration(fact: fact, sockets: sockets)
        return true
    }

    /// Keeps knowing a generation whose sockets were lost, for as long as the process that listens on them lives.
    package func remember(_ generation: Generation, _ fact: ListenerFact) {
        held[generation] = HeldGeneration(fact: fact, sockets: [])
    }

    /// Shuts the sockets down, so that a process that still has a copy cannot go on listening, and removes the paths.
    /// False when there is nothing of it.
    @discardableResult
    package func close(_ generation: Generation) -> Bool {
        guard let closing = held.removeValue(forKey: generation) else { return false }
        for socket in closing.sockets {
            Socket.shutDown(socket.descriptor)
            socket.descriptor.close()
        }
        discard(generation, closing.fact)
        return true
    }

    /// The names of the sockets of a generation, in the order in which a process gets them.
    package func names(_ fact: ListenerFact) -> [String] {
        (hasPort(fact) ? [DescriptorName.tcp] : []) + (fact.hasUnix ? [DescriptorName.unix] : [])
            + (fact.hasHandOff ? [DescriptorName.handOff] : [])
    }

    /// Where one of them listens, to be told from others of the same process.
    package func path(_ name: String, _ fact: ListenerFact) -> String? {
        switch name {
        case DescriptorName.unix: paths.unix(port: fact.port)
        case DescriptorName.handOff: paths.handOff(port: fact.port)
        default: nil
        }
    }

    package static func storeName(_ generation: Generation) -> String { "port-\(generation)" }

    private func hasPort(_ fact: ListenerFact) -> Bool { fact.token != nil || !fact.hasUnix }

    /// Removes what may be left of a generation besides its sockets.
    package func discard(_ generation: Generation, _ fact: ListenerFact) {
        store.drop(Self.storeName(generation))
        for name in names(fact) {
            guard let path = path(name, fact) else { continue }
            for each in [path, RunPaths.spare(of: path)] { try? Socket.removeSocket(at: each) }
        }
    }
}
