import Foundation
import Glibc
import JSON
import Testing
import Trial

/// A thousand starts, stops and crashes leave nothing behind.
@Suite(.serialized)
struct LeakTests {
    @Test func `a thousand cycles leave descriptors, ports, cgroups, sockets and processes as they were`() throws {
        let cluster = try TrialCluster(
            clusterFile: """
                kinds:
                  bundoc: {restart: {intensity: 1000}}
                  bunder: {restart: {intensity: 1000}}
                  platform: {}
                  front: {}

                """)
        defer { cluster.stop() }
        let projects = try (0..<5).map { try cluster.createProject("p\($0)") }
        func cycle(_ index: Int) throws {
            let project = projects[index % projects.count]
            let kind = index % 2 == 0 ? "bunder" : "bundoc"
            try cluster.command("start", project, kind)
            if index % 3 == 0, let pid = try cluster.pid(project, kind) {
                kill(pid, SIGKILL)
                try cluster.command("start", project, kind)
            }
            if index % 7 == 0 { _ = try Client(cluster, project).get("/v1/kv/keys") }
            try cluster.command("drain", project, kind)
        }
        // The first ones open what stays open: logs, pools, directories.
        for index in 0..<20 { try cycle(index) }
        for project in projects {
            for kind in ["bunder", "bundoc"] { try cluster.command("drain", project, kind) }
        }
        let before = try cluster.restingCensus()
        for index in 0..<1000 { try cycle(index) }
        for project in projects {
            for kind in ["bunder", "bundoc"] { try cluster.command("drain", project, kind) }
        }
        let after = try cluster.census(like: before)
        #expect(after == before, "\(after.differences(to: before))")
        #expect(before.counts["ports held"] == ["0"])
    }

    /// What one life of the supervisor handed to the next is closed when the process that it belongs to has ended.
    @Test func `a supervisor's restart leaves no descriptor of what ended since`() throws {
        let cluster = try TrialCluster(clusterFile: "kinds: {bundoc: {}, bunder: {}, platform: {}, front: {}}\n")
        defer { cluster.stop() }
        let projects = try (0..<3).map { try cluster.createProject("p\($0)") }
        func onceForAll(_ verb: String) throws {
            for project in projects { for kind in ["bunder", "bundoc"] { try cluster.command(verb, project, kind) } }
        }
        func successor(of old: Int32) throws {
            kill(old, SIGKILL)
            _ = try SupervisorCrashTests.eventually {
                let status = try cluster.status()
                guard status["pid"]?.int != Int(old), status["state"]?.string == "ready" else {
                    throw TrialCluster.Failure("no successor")
                }
            }
        }
        try onceForAll("start")
        try onceForAll("drain")
        let before = try cluster.restingCensus()
        for _ in 0..<3 {
            try onceForAll("start")
            try successor(of: #require(try cluster.status()["pid"]?.int.map(Int32.init)))
            try onceForAll("drain")
        }
        let after = try cluster.census(like: before)
        #expect(after == before, "\(after.differences(to: before))")
    }

    @Test func `a deleted project leaves neither data nor an entry`() throws {
        let cluster = try TrialCluster(clusterFile: "node: leak\n")
        defer { cluster.stop() }
        let first = try cluster.createProject("first")
        #expect(try Client(cluster, first).put("/v1/kv/kv/a", "1").status == 200)
        #expect(try exchange(cluster.platform, "DELETE", "/projects/\(first.id)").status < 300)
        let before = try cluster.restingCensus()
        for index in 0..<30 {
            let project = try cluster.createProject("p\(index)")
            #expect(try Client(cluster, project).put("/v1/kv/kv/a", "1").status == 200)
            #expect(try exchange(cluster.platform, "DELETE", "/projects/\(project.id)").status < 300)
        }
        let after = try cluster.census(like: before)
        #expect(after == before, "\(after.differences(to: before))")
        let left = try FileManager.default.contentsOfDirectory(atPath: cluster.home + "/data/projects")
        #expect(left == [])
    }
}
