import Foundation
import Glibc
import JSON
import Testing
import Trial

/// Each thing that a project's process can do wrong ends in the documented state, and another project sees nothing.
@Suite(.serialized)
final class MisbehavingInstanceTests {
    let cluster: TrialCluster
    let project: TrialCluster.Project
    let client: Client
    let neighbour: Neighbour

    init() throws {
        let cluster = try TrialCluster(
            clusterFile: """
                kinds:
                  misbehaver:
                    program: \(TrialCluster.programsBesideMe)/trial-misbehaver
                    control: true
                    watchdog: 1s
                    start_timeout: 1s
                    stop_timeout: 1s
                    drain_timeout: 1s
                    restart: {delay_min: 100ms, intensity: 3, period: 1m}
                    limits: {memory: 64MiB, pids: 24}
                  bunder: {}
                  platform: {}
                  front: {}
                routes:
                  - {prefix: /v1/kv/, kind: bunder, rewrite: "/kv/{project}/"}
                  - {prefix: /v1/misbehaver/, kind: misbehaver, rewrite: /}

                """)
        self.cluster = cluster
        project = try cluster.createProject("bad")
        client = Client(cluster, project)
        neighbour = try Neighbour(cluster)
    }

    deinit {
        #expect(neighbour.failures == [], "another project saw the fault")
        cluster.stop()
    }

    private func act(_ what: String) throws -> HTTPAnswer { try client.get("/v1/misbehaver/do/\(what)") }

    private func startsBadly(_ how: String) throws {
        #expect(try client.put("/v1/misbehaver/start/\(how)", "").status == 204)
    }

    private var state: JSONValue { get throws { try cluster.instance(project, "misbehaver") } }

    private func waitUntilServing(exceptPID old: Int32?) throws {
        try cluster.wait(for: "a successor") {
            let state = try state
            return state["observed"]?.string == "serving" && state["pid"]?.int.map(Int32.init) != old
        }
    }

    private func pid() throws -> Int32 { try #require(Int32(try act("pid").text)) }

    @Test func `a crash is repaired at once, and the answer comes from the successor`() throws {
        let old = try pid()
        kill(old, SIGKILL)
        #expect(try pid() != old)
        #expect(try state["restarts"]?.int == 1)
        #expect(try state["last_exit"]?["signal"]?.int == 9)
    }

    @Test func `exit with code 0 though nobody asked is a crash`() throws {
        let old = try pid()
        _ = try? act("exit0")
        try waitUntilServing(exceptPID: old)
        #expect(try state["last_exit"]?["code"]?.int == 0)
    }

    @Test func `too many crashes lead to quarantine, which an operator can end`() throws {
        _ = try pid()
        try startsBadly("exit0")
        kill(try #require(try cluster.pid(project, "misbehaver")), SIGKILL)
        try cluster.wait(for: "quarantine") { try state["observed"]?.string == "quarantined" }

        let refused = try act("pid")
        #expect(refused.status == 503)
        #expect(refused.json["code"]?.string == "instance.quarantined")
        #expect(refused.json["party"]?.string == "instance")
        #expect(refused["retry-after"].flatMap { Int($0) } ?? 0 > 0)
        #expect(try state["next_attempt"]?.string != nil)

        let start = cluster.home + "/data/projects/\(project.id)/misbehaver/start"
        try FileManager.default.removeItem(atPath: start)
        try cluster.command("clear", project, "misbehaver")
        #expect(try act("pid").status == 200)
    }

    @Test func `a start that never ends is cut off and counted`() throws {
        _ = try pid()
        try startsBadly("never")
        kill(try #require(try cluster.pid(project, "misbehaver")), SIGKILL)
        try cluster.wait(for: "quarantine") { try state["observed"]?.string == "quarantined" }
        #expect(try state["last_exit"]?["reason"]?.string?.contains("start timeout") == true)
    }

    @Test func `a process that hangs is found by the watchdog and replaced`() throws {
        let old = try pid()
        kill(old, SIGSTOP)
        #expect(try pid() != old)
        #expect(try state["last_exit"]?["reason"]?.string?.contains("watchdog") == true)
    }

    @Test func `a loop that does not turn is found by the watchdog and replaced`() throws {
        let old = try pid()
        _ = try BlockingConnection(cluster.front).send(
            "GET /v1/misbehaver/do/hang HTTP/1.1\r\nHost: a\r\nX-Bunbase-Client-Key: \(client.key)\r\n\r\n")
        try cluster.wait(for: "the watchdog") {
            try state["last_exit"]?["reason"]?.string?.contains("watchdog") == true
        }
        #expect(try pid() != old)
    }

    @Test func `one that takes all memory ends alone`() throws {
        let old = try pid()
        _ = try? act("eat")
        try cluster.wait(for: "its end") { (try state["restarts"]?.int ?? 0) > 0 }
        #expect(try pid() != old)
    }

    @Test func `one that starts processes without end is stopped with all of them`() throws {
        let old = try pid()
        let started = try act("fork")
        if try cluster.status()["isolation"]?["pids"]?["enforced_by"]?.string == "cgroup" {
            #expect(started.text == "23 processes" || (Int(started.text.split(separator: " ")[0]) ?? 99) < 24)
        }
        kill(old, SIGKILL)
        #expect(try pid() != old)
        #expect(Sleepers.count(inSessionOf: old) == 0)
    }

    @Test func `a grandchild that left its session does not outlive its process`() throws {
        let old = try pid()
        _ = try act("grandchild")
        kill(old, SIGKILL)
        #expect(try pid() != old)
        #expect(Sleepers.count(inSessionOf: old) == 0)
        try cluster.command("stop", project, "misbehaver")
        #expect(Sleepers.count(below: cluster.home) == 0)
    }

    @Test func `one that ignores SIGTERM is killed when its time is over`() throws {
        let old = try pid()
        _ = try act("deaf")
        try cluster.command("drain", project, "misbehaver")
        #expect(!ProcessFacts(old).isAlive)
        #expect(try state["observed"]?.string == "asleep")
        #expect(try state["last_exit"]?["reason"]?.string?.contains("stop timeout") == true)
        #expect(try act("pid").status == 200)
    }

    @Test func `one that closes its notify socket misses its watchdog`() throws {
        let old = try pid()
        let connection = try BlockingConnection(cluster.front)
        let key = ["X-Bunbase-Client-Key": client.key]
        #expect(try connection.exchange("GET", "/v1/misbehaver/do/mute", fields: key).status == 200)
        // Traffic keeps the lease, and with it the watchdog.
        try cluster.wait(for: "the watchdog") {
            _ = try connection.exchange("GET", "/v1/misbehaver/do/pid", fields: key)
            return try state["last_exit"]?["reason"]?.string?.contains("watchdog") == true
        }
        #expect(try pid() != old)
    }

    @Test func `no secret stands in its environment or arguments`() throws {
        let text = try act("environment").text
        #expect(!text.isEmpty)
        #expect(text.firstMatch(of: /[0-9a-f]{32}/) == nil)
        #expect(!text.contains(client.key))
    }
}
