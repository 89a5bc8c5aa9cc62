import Foundation
import Glibc
import JSON
import Testing
import Trial

/// Ports: one holder each, never two projects behind one, and an end to them.
@Suite(.serialized)
struct PortTests {
    @Test func `with no port free the longest idle sleeps, and its port goes to another project safely`() throws {
        let cluster = try TrialCluster(clusterFile: "front: {linger: 10ms}\n", portCount: 2)
        defer { cluster.stop() }
        let projects = try (0..<4).map { try cluster.createProject("p\($0)") }
        for round in 0..<3 {
            for (index, project) in projects.enumerated() {
                let client = Client(cluster, project)
                #expect(try client.put("/v1/kv/kv/who", "\(index).\(round)").status == 200)
                #expect(try client.get("/v1/kv/kv/who").text == "\(index).\(round)")
            }
        }
        let held = try cluster.status()["instances"]?.array?.compactMap { $0["port"]?.int } ?? []
        #expect(held.count <= 2)
        #expect(Set(held).count == held.count)
        #expect(held.allSatisfy { cluster.ports.contains(UInt16($0)) })
    }

    @Test func `with every port in use the others are told to come back`() throws {
        let cluster = try TrialCluster(clusterFile: "front: {wait_max: 1s}\n", portCount: 1)
        defer { cluster.stop() }
        let holder = try cluster.createProject("holder")
        let other = try cluster.createProject("other")
        // A command that waits for more keeps its connection, and with it the lease.
        let held = try Redis(cluster, holder)
        #expect(try held.command("SET", "a", "1") == "+OK")
        let refused = try Client(cluster, other).get("/v1/kv/kv/a")
        #expect(refused.status == 503)
        #expect(refused.json["code"]?.string == "ports.exhausted")
        #expect(refused["retry-after"] != nil)
        #expect(try held.command("GET", "a") == "1")
    }

    @Test func `a port that another program has taken is passed over and reported`() throws {
        let cluster = try TrialCluster(clusterFile: "node: ports\n", portCount: 3)
        defer { cluster.stop() }
        let taken = try Occupied(cluster.ports.lowerBound)
        defer { taken.close() }
        for index in 0..<2 {
            let project = try cluster.createProject("p\(index)")
            #expect(try Client(cluster, project).put("/v1/kv/kv/a", "1").status == 200)
        }
        let ports = try cluster.status()["ports"]
        #expect(ports?["taken"]?.array?.compactMap { $0.int } == [Int(cluster.ports.lowerBound)])
    }

    @Test func `who knows a port but not its token reaches nothing`() throws {
        let cluster = try TrialCluster(clusterFile: "node: ports\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        #expect(try Client(cluster, project).put("/v1/kv/kv/a", "secret").status == 200)
        let port = UInt16(try #require(try cluster.instance(project, "bunder")["port"]?.int))
        let bare = try exchange(.port(port), "GET", "/kv/\(project.id)/kv/a")
        #expect(bare.status == 421)
        #expect(bare.json["code"]?.string == "listener.token_required")
        let guessed = try exchange(
            .port(port), "GET", "/kv/\(project.id)/kv/a",
            fields: ["X-Bunbase-Token": String(repeating: "0", count: 32)])
        #expect(guessed.status == 421)
    }

    @Test func `connections to a crashed instance wait for its successor`() throws {
        let cluster = try TrialCluster(clusterFile: "node: ports\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        #expect(try Client(cluster, project).put("/v1/kv/kv/a", "1").status == 200)
        let instance = try cluster.instance(project, "bunder")
        let port = UInt16(try #require(instance["port"]?.int))
        kill(try #require(instance["pid"]?.int.map(Int32.init)), SIGKILL)
        // The supervisor holds the socket, so this connects whether the successor is there yet or not.
        let connection = try BlockingConnection(.port(port))
        #expect(try connection.exchange("GET", "/").status == 421)
        #expect(try cluster.instance(project, "bunder")["port"]?.int.map(UInt16.init) == port)
    }
}

/// A listening socket of this test's own.
struct Occupied {
    private let descriptor: Int32

    init(_ port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0, listen(descriptor, 1) == 0 else { throw TrialCluster.Failure("cannot occupy \(port)") }
    }

    func close() { Glibc.close(descriptor) }
}
