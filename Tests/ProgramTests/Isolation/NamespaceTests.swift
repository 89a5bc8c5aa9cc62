import Foundation
import Glibc
import JSON
import Testing
import Trial

/// The namespaces of a kind with `network: empty` and `private_tmp: true`: what a worker gets that runs
/// strangers' code.
@Suite(.serialized, .enabled(if: getuid() == 0))
struct NamespaceTests {
    @Test func `a worker serves on the sockets that it was given, and reaches nobody`() throws {
        let site = try ClimbingSite()
        let port = "\(try site.victim.port("loose"))"
        #expect(try site.tenant.client.get("/v1/worker/facts/pid").status == 200)
        for what in [port, "\(site.cluster.statusPort)", "\(site.cluster.httpPort)", "22"] {
            #expect(ENETUNREACH == (try site.tenant.climb("worker", "connect", what)), "\(what)")
        }
        #expect(try site.tenant.climb("loose", "connect", port) == 0)
        let name = "bunbase-climbed-\(UInt32.random(in: 0 ... .max))"
        let listener = try AbstractListener(name)
        defer { listener.close() }
        #expect([EPERM, ECONNREFUSED].contains(try site.tenant.climb("worker", "send-unix", "@" + name)))
    }

    @Test func `its network is its own and has nothing in it`() throws {
        let site = try ClimbingSite()
        let pid = Int32(try site.tenant.pid("worker"))!
        let devices = try #require(ProcessFacts(pid).text("net/dev"))
        #expect(devices.split(separator: "\n").dropFirst(2).count == 1)
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/net")
        let machine = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        let loose = try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/\(try site.tenant.pid("loose"))/ns/net")
        #expect(own != machine && loose == machine)
    }

    @Test func `its temporary directories are its own`() throws {
        let site = try ClimbingSite()
        for directory in ["/var/tmp", "/dev/shm"] {
            let name = "climbed-\(UInt32.random(in: 0 ... .max))"
            let (theirs, ours) = ("\(directory)/\(name)-worker", "\(directory)/\(name)-machine")
            #expect(try site.tenant.climb("worker", "write", theirs) == 0)
            #expect(access(theirs, F_OK) != 0, "the machine sees it")
            #expect(try site.victim.climb("worker", "read", theirs) == ENOENT, "another project sees it")
            #expect(FileManager.default.createFile(atPath: ours, contents: Data("x".utf8)))
            chmod(ours, 0o666)
            #expect(try site.tenant.climb("worker", "read", ours) == ENOENT)
            #expect(try site.tenant.climb("loose", "read", ours) == 0)
            unlink(ours)
        }
    }
}
