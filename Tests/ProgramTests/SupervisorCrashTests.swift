import Foundation
import Glibc
import JSON
import Testing
import Trial

/// A supervisor that is killed, at rest or between any two of its steps, loses nothing and starts nothing twice.
@Suite(.serialized)
struct SupervisorCrashTests {
    /// Where it kills itself, and at which passing: late enough that the services are up and tenants are at work.
    static let places = [
        ("after-journal-intent", 4), ("after-clone", 4), ("after-journal-start", 4), ("after-assign", 4),
        ("after-ready", 4), ("before-grant", 2), ("after-grant", 2), ("after-terminate", 2), ("after-exit", 2),
        ("before-bind", 2), ("after-bind", 2), ("before-close", 1), ("after-close", 1), ("after-clone", 1),
        ("after-begin", 1), ("after-revoke", 1), ("before-answer", 6), ("after-answer", 6),
    ]

    @Test(arguments: places)
    func `killed between two steps, it goes on where it was`(place: (name: String, passing: Int)) throws {
        let cluster = try TrialCluster(
            clusterFile: """
                testing: true
                front: {wait_max: 30s, linger: 50ms}
                kinds:
                  bundoc: {warm: 0}
                  bunder: {warm: 0}
                  platform: {}
                  front: {}

                """,
            variables: ["BUNBASE_FAILPOINT": "\(place.name):\(place.passing)"])
        defer { cluster.stop() }
        let projects = try (0..<3).map { try cluster.createProject("p\($0)") }
        for round in 0..<3 {
            for (index, project) in projects.enumerated() {
                let client = Client(cluster, project)
                #expect(try client.put("/v1/kv/kv/a", "\(index).\(round)").status == 200)
                let path = "/v1/database/collections/notes/documents/a"
                #expect([200, 201].contains(try client.put(path, #"{"n":\#(round)}"#).status))
                #expect(try client.get("/v1/kv/kv/a").text == "\(index).\(round)")
                try insist(cluster, "drain", project, "bunder")
                if let pid = try? cluster.pid(project, "bundoc") { kill(pid, SIGKILL) }
                #expect(try client.get(path).json["n"]?.int == round)
            }
        }
        let marker = try FileManager.default.subpathsOfDirectory(atPath: cluster.home)
            .contains { $0.hasSuffix("failpoint-\(place.name)") }
        #expect(marker, "the supervisor was never killed there")
        #expect(Self.doubles(below: cluster.home) == [])
        let isLate = cluster.log.contains("instance did not become ready in time")
        #expect(!isLate, "what a process had said was lost")
    }

    @Test func `what a process without a control channel said while nobody listened is heard`() throws {
        let script = """
            use Socket; sleep 1 until -e "go"; \
            socket(my $s, AF_UNIX, SOCK_DGRAM, 0); send($s, "READY=1", 0, sockaddr_un($ENV{NOTIFY_SOCKET})); \
            open(F, ">said"); close F; sleep 100 while 1
            """
        let cluster = try TrialCluster(
            clusterFile: """
                kinds:
                  slow: {program: /usr/bin/perl, args: [-e, '\(script)'], control: false, start_timeout: 60s}
                  bunder: {}
                  platform: {}
                  front: {}

                """)
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        let control = cluster.control
        Thread.detachNewThread {
            _ = try? exchange(control, "POST", "/instances/\(project.id)/slow/start", patience: .seconds(60))
        }
        let pid = try Self.eventually { try Self.there(try cluster.pid(project, "slow")) }
        let supervisor = try #require(try cluster.status()["pid"]?.int.map(Int32.init))
        let launcher = try #require(ProcessFacts(supervisor).parent)
        // While it is stopped, no supervisor is started again.
        kill(launcher, SIGSTOP)
        kill(supervisor, SIGKILL)
        let data = cluster.home + "/data/projects/\(project.id)/slow"
        _ = FileManager.default.createFile(atPath: data + "/go", contents: nil)
        try Self.eventually { try Self.hold(FileManager.default.fileExists(atPath: data + "/said")) }
        kill(launcher, SIGCONT)
        try Self.eventually { try Self.hold(try cluster.observed(project, "slow") == "serving") }
        #expect(try cluster.pid(project, "slow") == pid)
    }

    @Test func `killed at rest, it adopts what lives, and no request fails meanwhile`() throws {
        let cluster = try TrialCluster(clusterFile: "node: crash\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        let client = Client(cluster, project)
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        let neighbour = try Neighbour(cluster)
        let before = try cluster.instance(project, "bunder")
        for _ in 0..<5 {
            let supervisor = try #require(try cluster.status()["pid"]?.int.map(Int32.init))
            kill(supervisor, SIGKILL)
            #expect(try client.get("/v1/kv/kv/a").text == "1")
            let after = try Self.eventually { try cluster.instance(project, "bunder") }
            #expect(after["pid"]?.int == before["pid"]?.int)
            #expect(after["incarnation"]?.int == before["incarnation"]?.int)
            #expect(after["restarts"]?.int == 0)
            #expect(try cluster.status()["pid"]?.int.map(Int32.init) != supervisor)
        }
        #expect(neighbour.failures == [])
        // What it adopted it still supervises.
        kill(try #require(before["pid"]?.int.map(Int32.init)), SIGKILL)
        #expect(try client.get("/v1/kv/kv/a").text == "1")
        try cluster.command("drain", project, "bunder")
        #expect(try cluster.observed(project, "bunder") == "asleep")
    }

    @Test func `what an operator disabled stays so through a crash of the supervisor`() throws {
        let cluster = try TrialCluster(clusterFile: "node: crash\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        try cluster.command("stop", project, "bunder")
        kill(try #require(try cluster.status()["pid"]?.int.map(Int32.init)), SIGKILL)
        #expect(try Self.eventually { try cluster.observed(project, "bunder") } == "disabled")
        #expect(try Client(cluster, project).get("/v1/kv/kv/a").json["code"]?.string == "instance.disabled")
    }

    /// The control socket is away for a moment when its owner dies: asks until it answers.
    static func eventually<Result>(_ ask: () throws -> Result) throws -> Result {
        let end = ContinuousClock.now + .seconds(20)
        while true {
            do { return try ask() } catch { guard ContinuousClock.now < end else { throw error } }
        }
    }

    private static func there<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw TrialCluster.Failure("not there yet") }
        return value
    }

    private static func hold(_ condition: Bool) throws { _ = try there(condition ? true : nil) }

    private func insist(
        _ cluster: TrialCluster, _ verb: String, _ project: TrialCluster.Project, _ kind: String
    ) throws {
        try Self.eventually { try cluster.command(verb, project, kind) }
    }

    /// Data directories that more than one process works in.
    private static func doubles(below home: String) -> [String] {
        let directories = ProcessFacts.all.filter(\.isAlive).compactMap { process in
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process.pid)/cwd")
        }.filter { $0.hasPrefix(home + "/data/projects/") }
        return Dictionary(grouping: directories) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
    }
}
