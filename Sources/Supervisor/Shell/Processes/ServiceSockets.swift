import Config
import Contracts
import Glibc
import Linux
import Nouns

/// The listening sockets of shared services: bound once, kept over restarts of their processes and of the supervisor.
package final class ServiceSockets {
    /// Of one name: as many as a front may have loops.
    package static let ownMax = 16

    /// The supervisor's own sockets that a service may be given: `http`, `resp`; of each name one for each loop.
    private let own: [String: [Descriptor]]
    private let store: DescriptorStore
    private let share: (String) throws(SystemError) -> Void
    private var held: [Kind: [String: [Descriptor]]] = [:]

    /// `share`: lets other services connect to the socket at a path, where they are other users.
    package init(
        own: [String: [Descriptor]], store: DescriptorStore,
        share: @escaping (String) throws(SystemError) -> Void = { _ in }
    ) {
        (self.own, self.store, self.share) = (own, store, share)
    }

    /// All sockets of a service, in the order of their names; those that are not there yet are bound, or found again
    /// by `recover`. Throws E2BIG when they are more than a message can carry.
    package func sockets(
        of kind: Kind, _ program: ProgramSettings, recover: (ProgramSettings.Socket) -> Descriptor? = { _ in nil }
    ) throws(SystemError) -> [(name: String, descriptor: Descriptor)] {
        var sockets: [(name: String, descriptor: Descriptor)] = []
        for (name, form) in program.sockets.sorted(by: { $0.key < $1.key }) {
            let descriptors: [Descriptor]
            if let known = held[kind]?[name] {
                descriptors = known
            } else if case .inherited(let own) = form, let passed = self.own[own] {
                descriptors = passed
            } else {
                let found = recover(form)
                if let found { descriptors = [found] } else { descriptors = [try bind(form)] }
                store.keep([descriptors[0]], as: Self.storeName(kind, name))
            }
            held[kind, default: [:]][name] = descriptors
            sockets += descriptors.map { (name, $0) }
        }
        guard sockets.count <= PacketConnection.descriptorsMax else {
            throw SystemError("give sockets", code: E2BIG, path: "\(kind)")
        }
        return sockets
    }

    /// What is held of a service now.
    package func held(of kind: Kind) -> [Descriptor] { held[kind].map { $0.values.flatMap(\.self) } ?? [] }

    /// Takes a socket of an earlier life back.
    package func restore(_ kind: Kind, _ name: String, _ descriptor: Descriptor) {
        held[kind, default: [:]][name, default: []].append(descriptor)
        store.keep([descriptor], as: Self.storeName(kind, name))
        if let path = Socket.localPath(of: descriptor) { try? share(path) }
    }

    /// Closes what services had that are no more, or are given no longer.
    package func keepOnly(_ programs: [Kind: ProgramSettings]) {
        for (kind, sockets) in held {
            for name in sockets.keys where programs[kind]?.sockets[name] == nil {
                held[kind]?[name] = nil
                store.drop(Self.storeName(kind, name))
            }
        }
    }

    package static func storeName(_ kind: Kind, _ name: String) -> String { "service-\(kind)-\(name)" }

    private func bind(_ form: ProgramSettings.Socket) throws(SystemError) -> Descriptor {
        switch form {
        case .inherited(let name): throw SystemError("no listening socket is named", code: ENOENT, path: name)
        case .stream(let path): return try bind(path, .stream)
        case .packets(let path): return try bind(path, .packets)
        case .tcp(let address):
            guard let address = SocketAddress(address.description) else {
                throw SystemError("bind", code: EINVAL, path: address.description)
            }
            return try Socket.listen(on: address)
        }
    }

    private func bind(_ path: String, _ form: Socket.Form) throws(SystemError) -> Descriptor {
        let socket = try Socket.listen(at: path, form)
        try share(path)
        return socket
    }
}
