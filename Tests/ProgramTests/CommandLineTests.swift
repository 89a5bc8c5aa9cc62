import Foundation
import Glibc
import JSON
import Testing
import Trial

/// The command line against a running cluster, and without one.
@Suite(.serialized)
struct CommandLineTests {
    /// Runs the command line for as long as its output does not hold a text, then ends it.
    private func output(of cluster: TrialCluster, _ arguments: [String], until mark: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: cluster.programs + "/bunbase")
        process.arguments = arguments
        process.environment = cluster.environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        defer {
            // Foundation starts it with SIGTERM blocked.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        var text = ""
        while !text.contains(mark) {
            let some = pipe.fileHandleForReading.availableData
            if some.isEmpty { break }
            text += String(decoding: some, as: UTF8.self)
        }
        return text
    }

    @Test func `status, instances, logs and events tell the same as the cluster`() throws {
        let cluster = try TrialCluster(clusterFile: "node: shell\n")
        defer { cluster.stop() }
        let project = try cluster.createProject("demo")
        #expect(try Client(cluster, project).put("/v1/kv/kv/a", "1").status == 200)

        let status = try cluster.run(["status", "--json"])
        let told = try JSONValue(parsing: Array(status.output.utf8))
        #expect(status.code == 0)
        #expect(told.object?.members.map(\.name) == (try cluster.status()).object?.members.map(\.name))
        #expect(told["node"] == "shell")
        let text = try cluster.run(["status"])
        #expect(text.code == 0 && text.output.contains(project.id) && text.output.contains("bunder"))

        let list = try cluster.run(["instances", "list", "demo", "--json"])
        let kinds = try JSONValue(parsing: Array(list.output.utf8)).array?.compactMap { $0["kind"]?.string }
        #expect(Set(kinds ?? []) == ["bundoc", "bunder"])
        let shown = try cluster.run(["instances", "show", "demo", "bunder", "--json"])
        let pid = try cluster.pid(project, "bunder")
        #expect(try JSONValue(parsing: Array(shown.output.utf8))["pid"]?.int == pid.map(Int.init))
        #expect(try cluster.run(["instances", "show", "demo", "bunder"]).output.contains("\(try #require(pid))"))

        let logs = try cluster.run(["logs", "demo", "bunder"])
        #expect(logs.code == 0 && logs.output.contains("instance serving"))
        let events = try output(of: cluster, ["events", "--json", "--past"], until: "project declared")
        #expect(events.contains(project.id))
    }

    @Test func `the exit code says whether it was done, found, reached`() throws {
        let cluster = try TrialCluster(clusterFile: "node: shell\n")
        defer { cluster.stop() }
        #expect(try cluster.run(["projects", "create", "demo"]).code == 0)
        #expect(try cluster.run(["projects", "list"]).code == 0)
        #expect(try cluster.run(["projects", "delete", "demo"]).code == 1)
        for words in [
            ["projects", "show", "nobody"], ["instances", "show", "demo", "nothing"], ["services", "restart", "none"],
        ] {
            let (code, output) = try cluster.run(words)
            #expect(code == 3 && output.hasPrefix("error: "), "\(words): \(code) \(output)")
        }
        #expect(try cluster.run(["frobnicate"]).code == 64)
        #expect(try cluster.run(["projects", "delete", "demo", "--yes"]).code == 0)
        #expect(try cluster.run(["down"]).code == 0)
        let (code, output) = try cluster.run(["status"])
        #expect(code == 4 && output.contains("bunbase up"), "\(output)")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `prints a completion script`(shell: String) throws {
        let bunbase = TrialCluster.programsBesideMe + "/bunbase"
        let script = try Self.run([bunbase, "completion", shell])
        #expect(script.code == 0 && script.output.contains("instances") && script.output.contains("rotate"))
        guard shell == "bash" else { return }
        let loaded = try Self.run([
            "/bin/bash", "-c", #"source <("$1" completion bash) && complete -p bunbase"#, "-", bunbase,
        ])
        #expect(loaded.code == 0 && loaded.output.contains("bunbase"))
    }

    private static func run(_ words: [String]) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: words[0])
        process.arguments = Array(words.dropFirst())
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}
