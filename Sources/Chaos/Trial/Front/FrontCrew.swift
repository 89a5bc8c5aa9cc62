import Contracts
import Linux
import Nouns

/// Supervisor and platform of a front that runs without a cluster: says the settings and keys of its plan, and answers
/// requests for leases as the plan says.
package final class FrontCrew {
    package struct Plan: Sendable {
        package enum Answer: Sendable {
            case grant(Endpoint)
            case refuse(Fault)
            case silence
        }

        package var limits = FrontLimits()
        package var routes: [Route]
        package var tls = TLSSettings()
        package var projects: [KeyEntry]
        package var answer: @Sendable (InstanceID) -> Answer

        package init(
            routes: [Route], projects: [KeyEntry], answer: @escaping @Sendable (InstanceID) -> Answer
        ) {
            (self.routes, self.projects, self.answer) = (routes, projects, answer)
        }
    }

    /// How often a loop of a front has said that it has all keys.
    package private(set) var synced = 0
    private let plan: Plan
    private var listeners: [PacketListener] = []
    private var fronts: [PacketConnection] = []

    /// - Parameter directory: the front's runtime directory; its sockets are made here.
    package init(_ plan: Plan, in directory: String, on loop: EventLoop) throws {
        self.plan = plan
        let paths = RunPaths(directory)
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
        func say(_ message: LeaseChannel.FromSupervisor) { front.send(message.message) }
        switch said {
        case .registered:
            say(.welcome(version: LeaseChannel.version, node: "trial"))
            say(.limits(plan.limits))
            for (index, route) in plan.routes.enumerated() { say(.route(index: index, route)) }
            say(.tls(plan.tls))
            for (index, certificate) in plan.tls.certificates.enumerated() {
                say(.certificate(index: index, certificate))
            }
            say(.configured)
        case .request(let ticket, let instance, _):
            switch plan.answer(instance) {
            case .grant(let endpoint): say(.grant(ticket: ticket, endpoint))
            case .refuse(let fault): say(.refuse(ticket: ticket, fault))
            case .silence: break
            }
        default: break
        }
    }

    private func tell(_ said: KeyChannel.FromFront, _ front: PacketConnection) {
        func say(_ message: KeyChannel.FromPlatform) { front.send(message.message) }
        switch said {
        case .hello:
            let table = UInt64(plan.projects.count)
            say(.welcome(version: KeyChannel.version, isWhole: true))
            for entry in plan.projects { say(.project(entry, table: table)) }
            say(.synced(table: table))
        case .seen: synced += 1
        case .verify(let ticket, _): front.send(KeyChannel.FromPlatform.unknown(ticket: ticket).message)
        }
    }

    /// Projects by number, each with a key of its own.
    package static func projects(_ count: Int, named name: String) -> [KeyEntry] {
        (0..<count).map { index in
            let digits = Token(random: (0x9e37_79b9_7f4a_7c15 &* UInt64(index + 1), UInt64(index))).hex
            return KeyEntry(project: ProjectID("\(name)-\(index)")!, slug: "\(name)-\(index)", key: "pk_" + digits)
        }
    }
}
