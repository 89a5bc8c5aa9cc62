import Foundation
import Glibc
import JSON
import Testing
import Trial

/// A running cluster is backed up without a failed request, and what comes back is what was acknowledged.
@Suite(.serialized)
struct BackupTests {
    let cluster: TrialCluster
    let project: TrialCluster.Project
    var target: String { cluster.home + "/safe" }

    init() throws {
        cluster = try TrialCluster(clusterFile: "node: kept\n")
        project = try cluster.createProject("p")
    }

    private func backups(in directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0 != ".lock" }.sorted()
    }

    private func create(_ more: String...) throws {
        let (code, output) = try cluster.run(["backup", "create", "--to", target] + more)
        #expect(code == 0, "\(output)")
    }

    /// A command that goes on while the test does.
    private func begin(_ arguments: String...) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: cluster.programs + "/bunbase")
        process.arguments = arguments
        process.environment = cluster.environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// So much in the project's data that copying it takes a while.
    private func loadDown(_ bytes: Int) throws {
        #expect(try Client(cluster, project).put("/v1/kv/kv/first", "1").status == 200)
        let path = cluster.home + "/data/projects/\(project.id)/bunder/ballast"
        try Data(repeating: 7, count: bytes).write(to: URL(filePath: path))
    }

    private func untilHeld() throws {
        while try cluster.instance(project, "bunder")["reason"] != "held for a backup" {}
    }

    @Test func `under load no request fails, and every write from before comes back`() throws {
        let other = try cluster.createProject("other")
        let writers = try [project, other].flatMap { project in
            try [Writer(cluster, project, .keys), Writer(cluster, project, .documents)]
        }
        for writer in writers { writer.advance(50) }
        let first = writers.map(\.acknowledged)
        try create()
        for writer in writers { writer.advance(50) }
        try create("--keep", "1")
        for writer in writers { #expect(writer.end() == []) }

        let names = backups(in: target)
        try #require(names.count == 1, "only the newer is kept: \(names)")
        #expect(try cluster.run(["backup", "verify", "--in", target]).code == 0)
        #expect(try Client(cluster, project).put("/v1/kv/kv/later", "x").status == 200)
        let (code, output) = try cluster.run(["backup", "restore", names[0], "p", "other", "--in", target])
        #expect(code == 0, "\(output)")
        #expect(try Client(cluster, project).get("/v1/kv/kv/later").status == 404)
        for (writer, count) in zip(writers, first) {
            #expect(count >= 50)
            #expect(try writer.missing(count) == [])
        }
    }

    @Test func `a killed command leaves no half backup and nothing held for long`() throws {
        try loadDown(150 << 20)
        let command = try begin("backup", "create", "--to", target)
        try untilHeld()
        kill(command.processIdentifier, SIGKILL)
        command.waitUntilExit()
        #expect(try Client(cluster, project).put("/v1/kv/kv/a", "2").status == 200)
        #expect(backups(in: target).allSatisfy { $0.hasPrefix(".") && $0.hasSuffix(".partial") })
        #expect(try cluster.run(["backup", "list", "--in", target]).output.contains("There is no backup"))
        try create()
        #expect(backups(in: target).count == 1 && backups(in: target)[0].hasPrefix("2"))
    }

    @Test func `what was copied while a supervisor died is copied again`() throws {
        try loadDown(150 << 20)
        let writer = try Writer(cluster, project, .documents)
        let command = try begin("backup", "create", "--to", target)
        try untilHeld()
        kill(try #require(try cluster.status()["pid"]?.int.map(Int32.init)), SIGKILL)
        command.waitUntilExit()
        #expect(command.terminationStatus == 0)
        #expect(try cluster.run(["backup", "verify", "--in", target]).code == 0)
        #expect(writer.end() == [])
    }

    @Test func `a full disk is told, keeps nothing and touches nobody`() throws {
        guard getuid() == 0 else { return }
        try loadDown(8 << 20)
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        try #require(mount("tmpfs", target, "tmpfs", 0, "size=4m") == 0)
        defer { umount2(target, Int32(MNT_DETACH)) }
        let writer = try Writer(cluster, project, .keys)
        let (code, output) = try cluster.run(["backup", "create", "--to", target])
        #expect(code == 1 && output.contains("The disk is full"), "\(output)")
        #expect(backups(in: target) == [])
        writer.advance(20)
        #expect(writer.end() == [])
        #expect(try cluster.run(["status"]).output.contains("The last backup failed"))
        let last = try Data(contentsOf: URL(filePath: cluster.home + "/data/backup/last.json"))
        #expect(try JSONValue(parsing: Array(last))["ok"] == false)
    }

    @Test func `a damaged backup is neither verified nor restored`() throws {
        let client = Client(cluster, project)
        #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
        try create()
        let name = try #require(backups(in: target).first)
        #expect(try client.put("/v1/kv/kv/a", "2").status == 200)
        let folder = "\(target)/\(name)/projects/\(project.id)/bunder"
        let log = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".log") })
        let file = try FileHandle(forUpdating: URL(filePath: "\(folder)/\(log)"))
        try file.seek(toOffset: 30)
        try file.write(contentsOf: Data([0xff]))
        try file.close()
        #expect(try cluster.run(["backup", "verify", name, "--in", target]).code == 1)
        let (code, output) = try cluster.run(["backup", "restore", name, "p", "--in", target])
        #expect(code == 1 && output.contains("is as it was"), "\(output)")
        #expect(try client.get("/v1/kv/kv/a").text == "2")
        #expect(try cluster.run(["backup", "restore", "2020-01-01T00-00-00.000Z", "p", "--in", target]).code == 3)
    }

    @Test func `a cluster that is down comes back whole, with a project that was deleted since`() throws {
        #expect(try Client(cluster, project).put("/v1/kv/kv/a", "1").status == 200)
        try create()
        let name = try #require(backups(in: target).first)
        #expect(try cluster.run(["projects", "delete", "p", "--yes"]).code == 0)
        let later = try cluster.createProject("later")
        #expect(try cluster.run(["backup", "restore", name, "p", "--in", target]).code == 3)
        #expect(try cluster.run(["backup", "restore", name, "--in", target]).code == 1)
        #expect(try cluster.run(["down"]).code == 0)
        let (code, output) = try cluster.run(["backup", "restore", name, "--in", target])
        #expect(code == 0, "\(output)")
        #expect(try cluster.run(["up", "--detach", "--cluster", cluster.clusterFile]).code == 0)
        #expect(try Client(cluster, project).get("/v1/kv/kv/a").text == "1")
        #expect(try Client(cluster, later).get("/v1/kv/kv/a").status == 401)
    }
}
