import Config
import Contracts
import Foundation
import JSON
import Linux
import Nouns
import Service
import Supervision
import SupervisorShell
import Testing

@Suite(.serialized)
struct DaemonTests {
    @Test func `starts an instance on demand, shows it, logs what it prints, and ends it with the cluster`() throws {
        let life = try Life()
        try life.start()
        #expect(try life.ask("PUT", "/projects/acme").status == 204)
        #expect(try life.view()["observed"] == "asleep")
        #expect(try life.ask("POST", "/instances/acme/echo/start").status == 204)
        let view = try life.view()
        #expect(view["observed"] == "serving" && view["desired"] == "serving")
        #expect(view["incarnation"] == 1 && view["restarts"] == 0 && view["last_exit"] == .null)
        #expect(view["status"] == "at your service")
        let pid = try #require(view["pid"]?.int)
        #expect(ProcessTable.program(of: Int32(pid))?.contains("perl") == true)
        #expect(try #require(view["memory_bytes"]?.int) > 100_000)
        #expect((29_000...29_009).contains(try #require(view["port"]?.int)))
        try life.finish()
        #expect(ProcessTable.status(of: Int32(pid)) == nil)
        let printed = life.records("echo")
        #expect(printed.map { $0["message"] } == ["hello from acme with unix"])
        #expect(printed.first?["project"] == "acme" && printed.first?["incarnation"] == 1)
        for folder in ["port", "notify"] {
            #expect(Directory.names(in: life.cluster.home.run.directory + "/" + folder) == [])
        }
    }

    @Test func `holds an instance down while its files are copied, and says so`() throws {
        let life = try Life()
        try life.start()
        try life.ask("PUT", "/projects/acme")
        try life.ask("POST", "/instances/acme/echo/start")
        let pid = pid_t(try #require(try life.view()["pid"]?.int))
        func hold(_ seconds: Int) -> [UInt8] { Array(#"{"hold":7,"seconds":\#(seconds)}"#.utf8) }
        #expect(try life.ask("POST", "/instances/acme/echo/hold", body: hold(301)).status == 400)
        #expect(try life.ask("POST", "/instances/acme/echo/hold", body: hold(60)).status == 204)
        #expect(ProcessTable.status(of: pid) == nil)
        let held = try life.view()
        #expect(held["observed"] == "asleep" && held["reason"] == "held for a backup")
        #expect(try life.ask("POST", "/instances/acme/echo/start").status == 409)
        #expect(try life.ask("POST", "/instances/acme/echo/extend", body: hold(60)).status == 204)
        #expect(try life.ask("POST", "/instances/acme/echo/release", body: Array(#"{"hold":8}"#.utf8)).status == 409)
        #expect(try life.ask("POST", "/instances/acme/echo/release", body: Array(#"{"hold":7}"#.utf8)).status == 204)
        #expect(try life.ask("POST", "/instances/acme/echo/release", body: Array(#"{"hold":7}"#.utf8)).status == 409)
        #expect(try life.ask("POST", "/instances/acme/echo/start").status == 204)
        try life.finish()
    }

    @Test func `starts a killed process again behind the same sockets`() throws {
        let life = try Life()
        try life.start()
        try life.ask("PUT", "/projects/acme")
        try life.ask("POST", "/instances/acme/echo/start")
        let before = try life.view()
        kill(pid_t(try #require(before["pid"]?.int)), SIGKILL)
        try life.until("a second incarnation") { try life.view()["incarnation"] == 2 }
        try life.until("service") { try life.view()["observed"] == "serving" }
        let after = try life.view()
        #expect(after["generation"] == before["generation"] && after["port"] == before["port"])
        #expect(after["restarts"] == 1)
        #expect(after["last_exit"]?["signal"] == 9 && after["last_exit"]?["code"] == .null)
        #expect(after["last_exit"]?["reason"] == "killed by SIGKILL")
        try life.finish()
    }

    @Test func `tells whoever took connections over that the project's key was changed`() throws {
        let script = """
            use Socket; $| = 1;
            sub inform { socket(my $s, AF_UNIX, SOCK_DGRAM, 0); send($s, $_[0], 0, sockaddr_un($ENV{NOTIFY_SOCKET})) }
            $SIG{TERM} = sub { inform("STOPPING=1"); exit 0 };
            use IO::Handle; open(my $control, "+<&=", 3); $control->blocking(1);
            inform("READY=1\\nX_BUNBASE_BLANK=1");
            while (sysread($control, my $packet, 65536)) {
                my ($type) = $packet =~ /TYPE=(\\w+)/;
                print "heard $type\\n";
                inform("READY=1") if $type eq "assign";
            }
            """
        let life = try Life(script) {
            $0.programs[Life.kind]?.hasControl = true
            $0.programs[Life.kind]?.takesHandOff = true
            // The script does not shut itself in, and would not be believed.
            $0.isolation.users = nil
        }
        try life.start()
        for project in ["acme", "other"] {
            try life.ask("PUT", "/projects/\(project)")
            try life.ask("POST", "/instances/\(project)/echo/start")
        }
        #expect(try life.ask("POST", "/projects/acme/keys-changed").status == 204)
        try life.until("word of the new key") { life.records("echo").contains { $0["message"] == "heard rekeyed" } }
        try life.finish()
        let heard = life.records("echo").filter { $0["message"] == "heard rekeyed" }
        #expect(heard.map { $0["project"] } == ["acme"])
    }

    @Test func `goes on in a second life with the processes and sockets of the first`() throws {
        let first = try Life()
        try first.start()
        try first.ask("PUT", "/projects/acme")
        try first.ask("PUT", "/projects/other")
        try first.ask("POST", "/instances/other/echo/stop")
        try first.ask("POST", "/instances/acme/echo/start")
        let before = try first.view()
        try first.detach()
        let pid = try #require(before["pid"]?.int)
        #expect(ProcessTable.status(of: Int32(pid))?.isZombie == false)

        let second = try Life(in: first.scratch)
        try second.start()
        let after = try second.view()
        #expect(after["pid"] == before["pid"] && after["incarnation"] == before["incarnation"])
        #expect(after["generation"] == before["generation"] && after["port"] == before["port"])
        #expect(after["observed"] == "serving")
        #expect(try second.ask("GET", "/instances/other/echo").json["observed"] == "disabled")
        // The supervisor has the sockets again: they outlive the process.
        kill(pid_t(pid), SIGKILL)
        try second.until("a second incarnation") { try second.view()["incarnation"] == 2 }
        #expect(try second.view()["generation"] == before["generation"])
        try second.finish()
        _ = first
    }

    @Test func `ends what was started just before it was killed itself, and never noted`() throws {
        let life = try Life()
        let home = life.cluster.home
        try Directory.make(home.supervisor, mode: 0o700)
        do {
            let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            let journal = try Journal(
                path: home.supervisor + "/journal", bootID: boot.trimmingCharacters(in: .newlines))
            journal.note(.intended(Incarnation(41), Life.kind))
            journal.flush()
        }
        let plan = SpawnPlan(
            "/bin/sleep", ["100"], environment: ["NOTIFY_SOCKET": home.run.notify(Incarnation(41))])
        let stranger = try ChildProcess.spawn(plan)
        try life.start()
        #expect(stranger.poll()?.cause == .signal(SIGKILL, dumpedCore: false))
        try life.ask("PUT", "/projects/acme")
        try life.ask("POST", "/instances/acme/echo/start")
        #expect(try life.view()["incarnation"] == 42)
        try life.finish()
    }

    @Test func `says that a program is missing, and heals when it is there`() throws {
        let life = try Life()
        let program = life.scratch.path + "/program"
        life.cluster.programs[Life.kind]?.program = program
        life.cluster.supervision.kinds[Life.kind]?.restart.intensity = 1_000
        life.cluster.supervision.kinds[Life.kind]?.restart.delayMax = .milliseconds(200)
        try life.start()
        try life.ask("PUT", "/projects/acme")
        let refused = try life.ask("POST", "/instances/acme/echo/start")
        #expect(refused.status >= 500)
        #expect(try life.view()["last_exit"]?["reason"] == "program missing")
        try FileManager.default.createSymbolicLink(atPath: program, withDestinationPath: "/usr/bin/perl")
        try life.until("service") { try life.view()["observed"] == "serving" }
        try life.finish()
    }

    @Test func `ends what a process leaves behind, and shows what it printed last`() throws {
        let script = """
            if (fork() == 0) { setpgrp(0, 0); print "left behind is $$\\n"; $| = 1; sleep 100 while 1 }
            """
        let life = try Life("$| = 1; " + script + Life.polite)
        try life.start()
        try life.ask("PUT", "/projects/acme")
        try life.ask("POST", "/instances/acme/echo/start")
        func left() -> Int32? {
            let line = life.records("echo").compactMap { $0["message"]?.string }.first { $0.hasPrefix("left") }
            return line.flatMap { Int32($0.split(separator: " ").last!) }
        }
        try life.until("its line") { left() != nil }
        let pid = try #require(left())
        #expect(ProcessTable.status(of: pid) != nil)
        try life.ask("POST", "/instances/acme/echo/stop")
        #expect(try life.view()["observed"] == "disabled")
        #expect(ProcessTable.status(of: pid)?.isZombie != false)
        try life.finish()
    }

    @Test func `says which process runs another program than is there now, also after a restart`() throws {
        let first = try Life()
        let program = first.scratch.path + "/program"
        try FileManager.default.copyItem(atPath: "/usr/bin/perl", toPath: program)
        first.cluster.programs[Life.kind]?.program = program
        try first.start()
        try first.ask("PUT", "/projects/acme")
        try first.ask("POST", "/instances/acme/echo/start")
        #expect(try first.view()["outdated"] == false)
        try FileManager.default.removeItem(atPath: program)
        try FileManager.default.copyItem(atPath: "/usr/bin/perl", toPath: program)
        #expect(try first.view()["outdated"] == true)
        try first.detach()

        let second = try Life(in: first.scratch)
        second.cluster.programs[Life.kind]?.program = program
        try second.start()
        #expect(try second.view()["outdated"] == true)
        try second.ask("POST", "/instances/acme/echo/drain")
        try second.ask("POST", "/instances/acme/echo/start")
        #expect(try second.view()["outdated"] == false)
        #expect(try second.view()["restarts"] == 0)
        #expect(try second.ask("GET", "/status").json["outdated"] == false)
        try second.finish()
        _ = first
    }

    @Test func `keeps the cluster file that holds when the new one has a mistake`() throws {
        let life = try Life()
        try life.start()
        let place = ConfigError.Problem.Place.file("test.yaml", line: 3, column: 1)
        life.reread = .failure(ConfigError([.init(place, key: "ports", found: "9000-", allowed: "FIRST-LAST")]))
        #expect(try life.ask("POST", "/reload").status == 422)
        let shown = try life.ask("GET", "/status").json["configuration"]?["error"]?.string
        #expect(shown?.contains("test.yaml:3:1") == true)
        var fresh = life.cluster
        fresh.supervision.ports = 29_000...29_004
        life.reread = .success(fresh)
        #expect(try life.ask("POST", "/reload").status == 204)
        let status = try life.ask("GET", "/status").json
        #expect(status["configuration"]?["error"] == .null)
        #expect(status["ports"]?["last"] == 29_004)
        fresh.http = Address("127.0.0.1:1")!
        life.reread = .success(fresh)
        #expect(try life.ask("POST", "/reload").status == 422)
        #expect(try life.ask("GET", "/status").json["configuration"]?["needs_restart"]?[0] == "addresses.http")
        try life.finish()
    }

    @Test func `lets readers read and nobody change anything over the network`() throws {
        let life = try Life()
        try life.start()
        let place = HTTPClient.Place.loopback(port: life.cluster.status.port)
        for path in ["/status", "/instances", "/limits"] {
            #expect(try life.ask("GET", path, at: place).status == 200)
        }
        #expect(try life.ask("GET", "/", at: place).text.contains("<title>BunBase</title>"))
        #expect(try life.ask("GET", "/healthz", at: place).text == "ok\n")
        #expect(try life.ask("GET", "/readyz", at: place).status == 200)
        let metrics = try life.ask("GET", "/metrics", at: place).text
        #expect(metrics.contains("bunbase_supervisor_ports{state=\"free\"} 10\n"))
        for path in ["/shutdown", "/detach", "/reload"] {
            #expect(try life.ask("POST", path, at: place).status == 404)
        }
        #expect(try life.ask("PUT", "/projects/acme", at: place).status == 404)
        #expect(try life.ask("GET", "/status", at: place).json["projects"] == 0)
        try life.finish()
    }

    @Test func `refuses what it does not understand, and says the form`() throws {
        let life = try Life()
        try life.start()
        #expect(try life.ask("PUT", "/projects/No_Such").status == 400)
        #expect(try life.ask("PUT", "/projects", body: Array(#"["a", 1]"#.utf8)).status == 400)
        #expect(try life.ask("PUT", "/projects", body: Array(#"["a", "b"]"#.utf8)).status == 204)
        #expect(try life.ask("GET", "/instances?state=dreaming").json["code"] == "request.query_malformed")
        #expect(try life.ask("GET", "/events?after=now").json["code"] == "request.query_malformed")
        #expect(try life.ask("GET", "/instances?limit=0").status == 400)
        #expect(try life.ask("POST", "/instances/nobody/echo/start").status == 404)
        #expect(try life.ask("POST", "/services/nothing/restart").status == 404)
        let page = try life.ask("GET", "/instances?limit=1").json
        #expect(page["instances"]?[0]?["project"] == "a" && page["next"] == "a/echo")
        let next = try life.ask("GET", "/instances?limit=1&after=a/echo").json
        #expect(next["instances"]?[0]?["project"] == "b" && next["next"] == .null)
        try life.finish()
    }

    @Test func `runs once for each home`() throws {
        let life = try Life()
        try life.start()
        let other = try Life(in: life.scratch)
        #expect(throws: Daemon.StartError.self) { try other.start() }
        try life.finish()
    }
}
