import Contracts
import Linux
import Nouns

/// What stands around a measured front in place of supervisor and platform: a table of many projects, and leases for
/// all of them on the backend of the load generator.
final class Crew {
    /// How a front reaches the backend.
    enum Upstream {
        case port(UInt16)
        case unix(String)
    }

    /// A front that has said which table of keys it has.
    private(set) var synced = 0
    private let paths: RunPaths
    private let projects: [KeyEntry]
    private let upstream: Upstream
    private var listeners: [PacketListener] = []
    private var fronts: [PacketConnection] = []
    private var generations: [InstanceID: UInt64] = [:]

    init(in directory: String, projects: [KeyEntry], upstream: Upstream, on loop: EventLoop) throws {
        (paths, self.projects, self.upstream) = (RunPaths(directory), projects, upstream)
        var limits = PacketConnection.Limits()
        (limits.queueBytesMax, limits.queuePacketsMax) = (64 << 20, 1 << 20)
        listeners = [
            try PacketListener(
                try Socket.listen(at: paths.lease, .packets), on: loop, admits: { _ in true },
                { [unowned self] connection, _ in
                    fronts.append(connection)
                    connection.onMessage = { [unowned self, unowned connection] message, _ in
                        if let said = try? LeaseChannel.FromFront(message) { supervise(said, connection) }
                    }
                }),
            try PacketListener(
                try Socket.listen(at: paths.keys, .packets), on: loop, limits: limits, admits: { _ in true },
                { [unowned self] connection, _ in
                    fronts.append(connection)
                    connection.onMessage = { [unowned self, unowned connection] message, _ in
                        if let said = try? KeyChannel.FromFront(message) { tell(said, connection) }
                    }
                }),
        ]
    }

    private func supervise(_ said: LeaseChannel.FromFront, _ front: PacketConnection) {
        switch said {
        case .registered:
            front.send(LeaseChannel.FromSupervisor.welcome(version: LeaseChannel.version, node: "bench").message)
            var limits = FrontLimits()
            (limits.connectionsMax, limits.requestsPerProjectMax) = (20_000, 4_096)
            front.send(LeaseChannel.FromSupervisor.limits(limits).message)
            let route = Route(
                prefix: "/v1/bench/", kind: .bundoc, rewrite: "/v1/projects/{project}/bench/", bodyMax: 16 << 20,
                timeout: .seconds(30))
            front.send(LeaseChannel.FromSupervisor.route(index: 0, route).message)
            front.send(LeaseChannel.FromSupervisor.configured.message)
        case .request(let ticket, let instance, _):
            front.send(LeaseChannel.FromSupervisor.grant(ticket: ticket, endpoint(of: instance)).message)
        case .hello, .holds, .withdraw, .release: break
        }
    }

    /// The same backend for all, each as an instance of its own.
    private func endpoint(of instance: InstanceID) -> Endpoint {
        let generation = generations[instance] ?? UInt64(generations.count + 1)
        generations[instance] = generation
        var (port, path): (UInt16, String?) = (1, nil)
        switch upstream {
        case .port(let number): port = number
        case .unix(let name): path = name
        }
        return Endpoint(
            instance: instance, generation: Generation(generation), port: port, unix: path, handOff: nil,
            token: Token(random: (generation, 2)))
    }

    private func tell(_ said: KeyChannel.FromFront, _ front: PacketConnection) {
        switch said {
        case .hello:
            front.send(KeyChannel.FromPlatform.welcome(version: KeyChannel.version, isWhole: true).message)
            let table = UInt64(projects.count)
            for entry in projects { front.send(KeyChannel.FromPlatform.project(entry, table: table).message) }
            front.send(KeyChannel.FromPlatform.synced(table: table).message)
        case .seen: synced += 1
        }
    }

    /// Projects by number, each with a key of its own.
    static func projects(_ count: Int) -> [KeyEntry] {
        (0..<count).map { index in
            let digits = Token(random: (0x9e37_79b9_7f4a_7c15 &* UInt64(index + 1), UInt64(index))).hex
            return KeyEntry(project: ProjectID("bench-\(index)")!, slug: "bench-\(index)", key: "pk_" + digits)
        }
    }
}
