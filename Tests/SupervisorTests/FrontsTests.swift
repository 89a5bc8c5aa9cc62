import Config
import Contracts
import Foundation
import JSON
import Linux
import Nouns
import SupervisorShell
import Testing

@Suite(.serialized)
struct FrontsTests {
    /// A front that notes what it is told.
    final class Front {
        let connection: PacketConnection
        var heard: [LeaseChannel.FromSupervisor] = []
        /// What came with the last message that carried descriptors.
        var descriptors: [Descriptor] = []
        var isClosed = false

        init(_ life: Life, session: UInt64 = 7, version: Int = LeaseChannel.version) throws {
            connection = try PacketConnection(
                try Socket.connect(to: life.cluster.home.run.lease, .packets), on: life.loop)
            connection.onMessage = { [unowned self] message, passed in
                if !passed.isEmpty { descriptors = passed }
                if let word = try? LeaseChannel.FromSupervisor(message) { heard.append(word) }
            }
            connection.onClosed = { [unowned self] _ in isClosed = true }
            say(.hello(version: version, session: session))
        }

        func say(_ word: LeaseChannel.FromFront) { connection.send(word.message) }

        var endpoint: Endpoint? {
            for case .grant(ticket: _, let endpoint, woke: _) in heard { return endpoint }
            return nil
        }
    }

    @Test func `tells a front its limits and routes, and leads it to an instance that it wakes`() throws {
        let life = try Life { cluster in
            cluster.routes = [
                Route(prefix: "/v1/echo/", kind: Life.kind, rewrite: "/", bodyMax: 10, timeout: .seconds(1))
            ]
        }
        try life.start()
        try life.ask("PUT", "/projects/acme")
        let front = try Front(life)
        front.say(.registered)
        front.say(.request(ticket: 5, Life.instance, wait: .seconds(20)))
        try life.until("a grant") { front.endpoint != nil }
        #expect(front.heard[0] == .welcome(version: LeaseChannel.version, node: "local"))
        #expect(front.heard[1] == .limits(life.cluster.front))
        #expect(front.heard[2] == .route(index: 0, life.cluster.routes[0]))
        #expect(front.heard.contains(.configured))
        let endpoint = try #require(front.endpoint)
        #expect(endpoint.instance == Life.instance && endpoint.token == nil)
        let path = try #require(endpoint.unix)
        #expect(throws: Never.self) { try Socket.connect(to: path, .stream) }
        #expect(try life.view()["leases"] == 1)
        front.say(.request(ticket: 6, InstanceID("nobody/echo")!, wait: .seconds(1)))
        try life.until("a refusal") {
            front.heard.contains { if case .refuse(ticket: 6, let fault) = $0 { fault.status == 404 } else { false } }
        }
        // Draining takes the lease back and waits for the front to let go.
        front.connection.onMessage = { message, _ in
            if case .revoke(let instance, let generation, grace: _, _)? = try? LeaseChannel.FromSupervisor(message) {
                front.say(.release(instance, generation))
            }
        }
        #expect(try life.ask("POST", "/instances/acme/echo/drain").status == 204)
        #expect(try life.view()["observed"] == "asleep")
        try life.finish()
    }

    @Test func `opens certificates for the front`() throws {
        let scratch = Scratch()
        let paths = ["chain", "key"].map { scratch.path + "/" + $0 }
        for path in paths { try path.write(toFile: path, atomically: false, encoding: .utf8) }
        let life = try Life { $0.tls.certificates = [.init(chain: paths[0], key: paths[1], hosts: [])] }
        try life.start()
        let front = try Front(life)
        front.say(.registered)
        try life.until("the settings") { front.heard.contains(.configured) }
        let contents = front.descriptors.map {
            String(decoding: FileHandle(fileDescriptor: $0.number).availableData, as: UTF8.self)
        }
        #expect(contents == paths)
        try life.finish()
    }

    @Test func `keeps the leases of a front that lost its connection and comes back`() throws {
        let life = try Life()
        try life.start()
        try life.ask("PUT", "/projects/acme")
        let front = try Front(life, session: 9)
        front.say(.registered)
        front.say(.request(ticket: 1, Life.instance, wait: .seconds(20)))
        try life.until("a grant") { front.endpoint != nil }
        let generation = try #require(front.endpoint).generation
        front.connection.close()
        try life.until("the loss") { try life.ask("GET", "/status").json["fronts"] == 0 }
        #expect(try life.view()["leases"] == 1)
        let again = try Front(life, session: 9)
        again.say(.holds(Life.instance, generation))
        again.say(.registered)
        try life.until("the return") { try life.ask("GET", "/status").json["fronts"] == 1 }
        #expect(try life.view()["leases"] == 1)
        try life.finish()
    }

    @Test func `closes a front of another version, and one that speaks out of turn`() throws {
        let life = try Life()
        try life.start()
        let old = try Front(life, version: LeaseChannel.version + 1)
        try life.until("the end") { old.isClosed }
        let rude = try Front(life)
        rude.say(.hello(version: LeaseChannel.version, session: 7))
        try life.until("the end") { rude.isClosed }
        try life.finish()
    }
}
