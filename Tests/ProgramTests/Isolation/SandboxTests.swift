import CClimber
import Foundation
import Glibc
import JSON
import Testing
import Trial

/// The walls that need no root: each is tried between two processes of one project, whom no user id keeps apart, once
/// from behind it and once beside it.
@Suite(.serialized)
struct SandboxTests {
    /// Whoever runs the tests and, if that is root, a plain user too.
    static let users: [UInt32?] = getuid() == 0 ? [nil, 65534] : [nil]

    @Test(arguments: users)
    func `it reaches its own directory only`(user: UInt32?) throws {
        let site = try ClimbingSite(user: user)
        let tenant = site.tenant
        let (own, other) = (try tenant.file("climber"), try tenant.file("loose"))
        #expect(try tenant.climb("climber", "read", own) == 0)
        #expect(try tenant.climb("climber", "rename", own) == 0)
        for what in ["read", "write", "remove"] {
            #expect(try tenant.climb("climber", what, other) == EACCES, "\(what)")
        }
        #expect([EACCES, EXDEV].contains(try tenant.climb("climber", "link", other)))
        for path in ["/etc/passwd", "/proc/self/status", "/proc/1/cmdline", "/dev/zero"] {
            #expect(try tenant.climb("climber", "read", path) == EACCES, "\(path)")
            #expect(try tenant.climb("loose", "read", path) == 0, "\(path)")
        }
        for directory in ["/tmp", "/var/tmp", "/dev/shm"] {
            let path = "\(directory)/climbed-\(UInt32.random(in: 0 ... .max))"
            #expect(try tenant.climb("climber", "write", path) == EACCES, "\(path)")
            #expect(try tenant.climb("loose", "write", path) == 0, "\(path)")
            unlink(path)
        }
        #expect(try tenant.climb("climber", "execute", "/bin/true") == EACCES)
        #expect(try tenant.climb("loose", "execute", "/bin/true") == 0)
        #expect(try tenant.fact("climber", "directory") == tenant.directory("climber"))
    }

    @Test(arguments: users)
    func `it signals nobody and traces nobody`(user: UInt32?) throws {
        let site = try ClimbingSite(user: user)
        let tenant = site.tenant
        let other = try tenant.pid("loose")
        #expect(try tenant.climb("climber", "signal", other) == EPERM)
        #expect(try tenant.climb("climber", "trace", other) == EPERM)
        #expect(try tenant.climb("climber", "memory", other) == EPERM)
        let third = try tenant.pid("worker")
        #expect(try tenant.climb("loose", "signal", third) == 0)
    }

    @Test(arguments: users)
    func `it connects to nobody, not even by a socket that it was given`(user: UInt32?) throws {
        let site = try ClimbingSite(user: user)
        let tenant = site.tenant
        let port = "\(try site.victim.port("loose"))"
        for what in ["connect", "reconnect", "fast-open"] {
            #expect([EPERM, EACCES].contains(try tenant.climb("climber", what, port)), "\(what)")
        }
        #expect(try tenant.climb("loose", "connect", port) == 0)
        #expect(
            [EPERM, EACCES].contains(try tenant.climb("climber", "connect-unix", site.cluster.home + "/run/lease.sock"))
        )
        for what in ["raw-socket", "packet-socket"] {
            #expect([EPERM, EACCES].contains(try tenant.climb("climber", what)), "\(what)")
        }
    }

    @Test(arguments: users)
    func `it reaches no abstract socket`(user: UInt32?) throws {
        let site = try ClimbingSite(user: user)
        let name = "bunbase-climbed-\(UInt32.random(in: 0 ... .max))"
        let listener = try AbstractListener(name)
        defer { listener.close() }
        #expect(try site.tenant.climb("climber", "send-unix", "@" + name) == EPERM)
        #expect(try site.tenant.climb("loose", "send-unix", "@" + name) == 0)
    }

    @Test(arguments: users)
    func `system calls that reach beyond a process fail`(user: UInt32?) throws {
        let site = try ClimbingSite(user: user)
        for index in 0..<climber_count() {
            let name = String(cString: climber_name(index))
            #expect(try site.tenant.climb("climber", name) == EPERM, "\(name)")
            #expect(try site.tenant.climb("worker", name) == EPERM, "\(name)")
            #expect(![EPERM, -1].contains(try site.tenant.climb("loose", name)), "\(name) proves nothing")
        }
    }

    @Test(arguments: users)
    func `the status says which walls stand`(user: UInt32?) throws {
        let site = try ClimbingSite(user: user)
        for wall in ["files", "signals", "abstract_sockets", "system_calls", "network", "privileges"] {
            #expect(try site.wall(wall)?["enforced"]?.bool == true, "\(wall)")
        }
        #expect(try site.wall("files")?["note"]?.string?.contains("loose") == true)
        let isRoot = getuid() == 0 && user == nil
        for wall in ["users", "network_namespace", "private_tmp"] {
            #expect(try site.wall(wall)?["enforced"]?.bool == isRoot, "\(wall)")
            if !isRoot { #expect(try site.wall(wall)?["note"]?.string?.isEmpty == false) }
        }
    }
}
