import Foundation
import Glibc
import JSON
import Testing
import Trial

/// A cluster with a project that misbehaves and one that must not notice.
private final class Site {
    /// As who runs the tests and, if that is root, as a plain user too.
    static let users: [UInt32?] = getuid() == 0 ? [nil, 65534] : [nil]

    let cluster: TrialCluster
    let project: TrialCluster.Project
    let client: Client
    private let neighbour: Neighbour

    init(_ user: UInt32?) throws {
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

                """, user: user)
        self.cluster = cluster
        project = try cluster.createProject("bad")
        client = Client(cluster, project)
        neighbour = try Neighbour(cluster)
    }

    /// What the other project saw of it: nothing.
    func finish() {
        #expect(neighbour.failures == [], "another project saw the fault")
        cluster.stop()
    }

    func act(_ what: String) throws -> HTTPAnswer { try client.get("/v1/misbehaver/do/\(what)") }

    func startsBadly(_ how: String) throws {
        #expect(try client.put("/v1/misbehaver/start/\(how)", "").status == 204)
    }

    var state: JSONValue { get throws { try cluster.instance(project, "misbehaver") } }

    func waitUntilServing(exceptPID old: Int32?) throws {
        try cluster.wait(for: "a successor") {
            let state = try state
            return state["observed"]?.string == "serving" && state["pid"]?.int.map(Int32.init) != old
        }
    }

    func pid() throws -> Int32 { try #require(Int32(try act("pid").text)) }

}

/// Each thing that a project's process can do wrong ends in the documented state, and another project sees nothing.
@Suite(.serialized)
struct MisbehavingInstanceTests {
    @Test(arguments: Site.users)
    func `a crash is repaired at once, and the answer comes from the successor`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let old = try site.pid()
        kill(old, SIGKILL)
        #expect(try site.pid() != old)
        #expect(try site.state["restarts"]?.int == 1)
        #expect(try site.state["last_exit"]?["signal"]?.int == 9)
    }

    @Test(arguments: Site.users)
    func `exit with code 0 though nobody asked is a crash`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let old = try site.pid()
        _ = try? site.act("exit0")
        try site.waitUntilServing(exceptPID: old)
        #expect(try site.state["last_exit"]?["code"]?.int == 0)
    }

    @Test(arguments: Site.users)
    func `too many crashes lead to quarantine, which an operator can end`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        _ = try site.pid()
        try site.startsBadly("exit0")
        kill(try #require(try site.cluster.pid(site.project, "misbehaver")), SIGKILL)
        try site.cluster.wait(for: "quarantine") { try site.state["observed"]?.string == "quarantined" }

        let refused = try site.act("pid")
        #expect(refused.status == 503)
        #expect(refused.json["code"]?.string == "instance.quarantined")
        #expect(refused.json["party"]?.string == "instance")
        #expect(refused["retry-after"].flatMap { Int($0) } ?? 0 > 0)
        #expect(try site.state["next_attempt"]?.string != nil)

        let start = site.cluster.home + "/data/projects/\(site.project.id)/misbehaver/start"
        try FileManager.default.removeItem(atPath: start)
        try site.cluster.command("clear", site.project, "misbehaver")
        #expect(try site.act("pid").status == 200)
    }

    @Test(arguments: Site.users)
    func `a start that never ends is cut off and counted`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        _ = try site.pid()
        try site.startsBadly("never")
        kill(try #require(try site.cluster.pid(site.project, "misbehaver")), SIGKILL)
        try site.cluster.wait(for: "quarantine") { try site.state["observed"]?.string == "quarantined" }
        #expect(try site.state["last_exit"]?["reason"]?.string?.contains("start timeout") == true)
    }

    @Test(arguments: Site.users)
    func `a process that hangs is found by the watchdog and replaced`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let old = try site.pid()
        kill(old, SIGSTOP)
        #expect(try site.pid() != old)
        #expect(try site.state["last_exit"]?["reason"]?.string?.contains("watchdog") == true)
    }

    @Test(arguments: Site.users)
    func `a loop that does not turn is found by the watchdog and replaced`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let old = try site.pid()
        let connection = try BlockingConnection(site.cluster.front)
        // Open to the end: it keeps the lease, and with it the watchdog.
        defer { connection.close() }
        try connection.send(
            "GET /v1/misbehaver/do/hang HTTP/1.1\r\nHost: a\r\nX-Bunbase-Client-Key: \(site.client.key)\r\n\r\n")
        try site.cluster.wait(for: "the watchdog") {
            try site.state["last_exit"]?["reason"]?.string?.contains("watchdog") == true
        }
        #expect(try site.pid() != old)
    }

    @Test(arguments: Site.users)
    func `one that takes all memory ends alone`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let old = try site.pid()
        _ = try? site.act("eat")
        try site.cluster.wait(for: "its end") { (try site.state["restarts"]?.int ?? 0) > 0 }
        #expect(try site.pid() != old)
    }

    @Test(arguments: Site.users)
    func `one that starts processes without end is stopped with all of them`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let old = try site.pid()
        let started = try site.act("fork")
        let limits = try site.cluster.status()["isolation"]?["limits"]?.array ?? []
        let pids = try #require(limits.first { $0["limit"]?.string == "pids" })
        // The limit counts the process itself too; where it cannot be enforced the status says so.
        if pids["enforced"]?.bool == true {
            #expect(started.text == "23 processes")
        } else {
            #expect(pids["note"]?.string?.isEmpty == false)
        }
        kill(old, SIGKILL)
        #expect(try site.pid() != old)
        #expect(Sleepers.count(inSessionOf: old) == 0)
    }

    @Test(arguments: Site.users)
    func `a grandchild that left its session does not outlive its process`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let old = try site.pid()
        _ = try site.act("grandchild")
        kill(old, SIGKILL)
        #expect(try site.pid() != old)
        #expect(Sleepers.count(inSessionOf: old) == 0)
        try site.cluster.command("stop", site.project, "misbehaver")
        #expect(Sleepers.count(below: site.cluster.home) == 0)
    }

    @Test(arguments: Site.users)
    func `one that ignores SIGTERM is killed when its time is over`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let old = try site.pid()
        _ = try site.act("deaf")
        try site.cluster.command("drain", site.project, "misbehaver")
        #expect(!ProcessFacts(old).isAlive)
        #expect(try site.state["observed"]?.string == "asleep")
        #expect(try site.state["last_exit"]?["reason"]?.string?.contains("stop timeout") == true)
        #expect(try site.act("pid").status == 200)
    }

    @Test(arguments: Site.users)
    func `one that closes its notify socket misses its watchdog`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let old = try site.pid()
        let connection = try BlockingConnection(site.cluster.front)
        let key = ["X-Bunbase-Client-Key": site.client.key]
        #expect(try connection.exchange("GET", "/v1/misbehaver/do/mute", fields: key).status == 200)
        // Traffic keeps the lease, and with it the watchdog.
        try site.cluster.wait(for: "the watchdog") {
            _ = try connection.exchange("GET", "/v1/misbehaver/do/pid", fields: key)
            return try site.state["last_exit"]?["reason"]?.string?.contains("watchdog") == true
        }
        #expect(try site.pid() != old)
    }

    @Test(arguments: Site.users)
    func `no secret stands in its environment or arguments`(user: UInt32?) throws {
        let site = try Site(user)
        defer { site.finish() }
        let text = try site.act("environment").text
        #expect(!text.isEmpty)
        #expect(text.firstMatch(of: /[0-9a-f]{32}/) == nil)
        #expect(!text.contains(site.client.key))
    }
}
