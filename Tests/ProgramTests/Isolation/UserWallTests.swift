import CClimber
import Foundation
import Glibc
import JSON
import Testing
import Trial

/// The user id alone: a process behind no other wall reaches its own project, and no other.
@Suite(.serialized, .enabled(if: getuid() == 0))
struct UserWallTests {
    @Test func `another project's files are neither read, written, moved, opened to all nor listed`() throws {
        let site = try ClimbingSite()
        let (own, other) = (try site.tenant.file("climber"), try site.victim.file("loose"))
        for what in ["read", "write", "mode", "link", "rename", "remove"] {
            #expect([EACCES, EPERM].contains(try site.tenant.climb("loose", what, other)), "\(what)")
        }
        #expect(try site.tenant.climb("loose", "list", site.victim.directory("loose")) == EACCES)
        #expect(try site.tenant.climb("loose", "list", site.cluster.home + "/data/projects") == EACCES)
        #expect(try site.tenant.climb("loose", "read", own) == 0)
        #expect(FileManager.default.fileExists(atPath: other))
    }

    @Test func `what is the cluster's own is closed too`() throws {
        let site = try ClimbingSite()
        let home = site.cluster.home
        for path in [
            "data/supervisor/journal", "data/platform/registry.sqlite", "data/platform/keys.table",
            "logs/supervisor.jsonl", "run/supervisor.lock",
        ] {
            #expect(access(home + "/" + path, F_OK) == 0, "\(path) is not there")
            #expect(try site.tenant.climb("loose", "read", home + "/" + path) == EACCES, "\(path)")
        }
        for path in ["", "/data", "/run", "/run/notify", "/run/port", "/logs"] {
            #expect(try site.tenant.climb("loose", "write", home + path + "/new") == EACCES, "\(path)")
        }
        for name in ["control", "platform"] {
            #expect(try site.tenant.climb("loose", "connect-unix", "\(home)/run/\(name).sock") == EACCES)
        }
    }

    @Test func `another project's sockets are not connected to and its supervisor is not spoken to for it`() throws {
        let site = try ClimbingSite()
        let run = site.cluster.home + "/run"
        let port = try site.victim.port("loose")
        #expect(try site.tenant.climb("loose", "connect-unix", "\(run)/port/\(port).sock") == EACCES)
        #expect(try site.tenant.climb("loose", "send-unix", try site.victim.notifySocket("loose")) == EACCES)
        #expect(try site.tenant.climb("loose", "send-unix", try site.tenant.notifySocket("loose")) == 0)
    }

    @Test func `another project's process is not signalled, traced, read or looked into`() throws {
        let site = try ClimbingSite()
        let (own, other) = (try site.tenant.pid("climber"), try site.victim.pid("loose"))
        #expect(try site.tenant.climb("loose", "signal", other) == EPERM)
        #expect(try site.tenant.climb("loose", "trace", other) == EPERM)
        #expect(try site.tenant.climb("loose", "memory", other) == EPERM)
        for file in ["environ", "mem", "maps", "auxv"] {
            #expect(try site.tenant.climb("loose", "read", "/proc/\(other)/\(file)") == EACCES, "\(file)")
        }
        for directory in ["fd", "cwd", "root", "map_files"] {
            #expect(try site.tenant.climb("loose", "list", "/proc/\(other)/\(directory)") == EACCES, "\(directory)")
        }
        #expect(try site.tenant.climb("loose", "signal", own) == 0)
        #expect(try site.tenant.climb("loose", "signal", "1") == EPERM)
    }

    @Test func `it has no capability, no group, and no way back to root`() throws {
        let site = try ClimbingSite()
        for kind in ["loose", "climber", "worker"] {
            #expect(try site.tenant.fact(kind, "capabilities") == "0")
            #expect(try site.tenant.fact(kind, "groups") == "0")
            #expect(try site.tenant.climb(kind, "become", "0") == EPERM)
        }
        let users = Set(try site.tenant.fact("loose", "user").split(separator: " "))
        #expect(users == ["\(try #require(try site.tenant.user))"])
    }

    @Test func `it cannot leave its control group`() throws {
        let site = try ClimbingSite()
        let pid = try site.tenant.pid("loose")
        let groups = ProcessFacts(Int32(pid)!).text("cgroup") ?? ""
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        #expect(groups.contains("bunbase-"))
        for line in mounts.split(separator: "\n") where line.contains(" - cgroup") {
            let point = line.split(separator: " ")[4]
            let code = try site.tenant.climb("loose", "append", "\(point)/cgroup.procs")
            #expect([EACCES, EROFS].contains(code), "\(point)")
        }
        #expect(ProcessFacts(Int32(pid)!).text("cgroup") == groups)
    }

    @Test func `front and platform are users of their own without capabilities`() throws {
        let site = try ClimbingSite()
        var users: Set<Substring> = []
        for service in ["front", "platform"] {
            let pid = try #require(try site.cluster.pid(service: service))
            let status = try #require(ProcessFacts(pid).text("status"))
            let fields = status.split(separator: "\n").map { $0.split(separator: "\t") }
            let user = try #require(fields.first { $0[0] == "Uid:" }?[1])
            #expect(user != "0")
            users.insert(user)
            #expect(fields.first { $0[0] == "CapPrm:" }?[1].allSatisfy { $0 == "0" } == true)
            #expect(fields.first { $0[0] == "NoNewPrivs:" }?[1] == "1")
        }
        users.insert("\(try #require(Int(try site.tenant.fact("loose", "user").prefix { $0 != " " })))")
        #expect(users.count == 3)
    }
}
