import Foundation
import Glibc
import JSON
import Testing
import Trial

/// Whose an id is, through restarts, deletions, restored and older data.
@Suite(.serialized, .enabled(if: getuid() == 0))
struct UserIdentityTests {
    private func owner(of path: String) -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_uid : nil
    }

    private func restart(_ cluster: TrialCluster, _ between: () throws -> Void = {}) throws {
        #expect(try cluster.run(["down"]).code == 0)
        try between()
        let (code, output) = try cluster.run(["up", "--detach", "--cluster", cluster.clusterFile])
        #expect(code == 0, "\(output)")
    }

    @Test func `each project keeps its own id over restarts, also of a supervisor that was killed`() throws {
        let site = try ClimbingSite()
        _ = try (site.tenant.pid("loose"), site.victim.pid("loose"))
        let (first, second) = (try site.tenant.user, try site.victim.user)
        #expect(first != nil && second != nil && first != second)
        let supervisor = try #require(try site.cluster.status()["pid"]?.int)
        kill(pid_t(supervisor), SIGKILL)
        // The next one listens at the same path as soon as it is there.
        _ = try SupervisorCrashTests.eventually {
            let found = try site.cluster.status()["pid"]?.int
            if found == nil || found == supervisor { throw TrialCluster.Failure("the old supervisor") }
        }
        #expect(try site.tenant.user == first)
        try restart(site.cluster)
        _ = try (site.victim.pid("loose"), site.tenant.pid("loose"))
        #expect(try site.tenant.user == first && site.victim.user == second)
    }

    @Test func `a lost journal costs nobody an id`() throws {
        let site = try ClimbingSite()
        _ = try (site.tenant.pid("loose"), site.victim.pid("loose"))
        let (first, second) = (try site.tenant.user, try site.victim.user)
        try restart(site.cluster) {
            try FileManager.default.removeItem(atPath: site.cluster.home + "/data/supervisor/journal")
        }
        // In the other order: fresh ids would be swapped.
        _ = try (site.victim.pid("loose"), site.tenant.pid("loose"))
        #expect(try site.tenant.user == first && site.victim.user == second)
    }

    @Test func `a deleted project's data goes, nested directories too, and its id is not given to the next`() throws {
        let site = try ClimbingSite()
        let file = try site.tenant.file("loose")
        let deep = site.tenant.directory("loose") + "/a/b/c"
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: deep + "/file", contents: Data("x".utf8))
        let user = try #require(try site.tenant.user)
        for path in ["/a", "/a/b", "/a/b/c", "/a/b/c/file"] {
            #expect(lchown(site.tenant.directory("loose") + path, user, user) == 0)
        }
        #expect(try site.cluster.run(["projects", "delete", site.tenant.project.slug, "--yes"]).code == 0)
        #expect(!FileManager.default.fileExists(atPath: file))
        let trash = site.cluster.home + "/data/trash"
        try site.cluster.wait(for: "an empty trash") {
            try FileManager.default.contentsOfDirectory(atPath: trash).isEmpty
        }
        let next = try ClimbingSite.Tenant(site.cluster, "next")
        _ = try next.pid("loose")
        #expect(try next.user != user && next.user != site.victim.user)
    }

    @Test func `data of a cluster without user ids is given to its project's own`() throws {
        let site = try ClimbingSite(isolation: "{uids: none}")
        let client = site.tenant.client
        #expect(try client.put("/v1/kv/kv/kept", "here").status == 200)
        let directory = site.tenant.directory("bunder")
        #expect(owner(of: directory) == 0)
        #expect(try site.wall("users")?["enforced"]?.bool == false)
        try restart(site.cluster) {
            try ClimbingSite.clusterFile(isolation: "{uids: 700000-700999}").write(
                toFile: site.cluster.clusterFile, atomically: true, encoding: .utf8)
        }
        #expect(try client.get("/v1/kv/kv/kept").text == "here")
        let user = try #require(owner(of: directory))
        #expect((700_001...700_999).contains(user))
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            #expect(owner(of: directory + "/" + name) == user, "\(name)")
        }
        #expect(try site.wall("users")?["enforced"]?.bool == true)
    }

    @Test func `a supervisor that must build every wall does not start without`() throws {
        let site = try ClimbingSite(isolation: "{uids: none}")
        #expect(try site.cluster.run(["down"]).code == 0)
        try ClimbingSite.clusterFile(isolation: "{uids: none, required: true}").write(
            toFile: site.cluster.clusterFile, atomically: true, encoding: .utf8)
        let supervisor = Process()
        supervisor.executableURL = URL(filePath: site.cluster.programs + "/bunbase-supervisor")
        supervisor.arguments = [site.cluster.clusterFile]
        supervisor.environment = site.cluster.environment
        let errors = Pipe()
        supervisor.standardError = errors
        try supervisor.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        supervisor.waitUntilExit()
        #expect(supervisor.terminationStatus == 71)
        #expect(text.contains("isolation.required") && text.contains("users"))
    }
}
