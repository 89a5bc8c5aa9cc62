import Foundation
import Glibc
import JSON
import Trial

/// A machine with systemd on which BunBase is installed: one box for all tests, one after the other, made by
/// `scripts/test-systemd`, which tells its name and takes it away.
final class Box {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    static let http: UInt16 = 18_090

    /// Throws when there is none: the tests then fail, they are never passed over.
    init() throws {
        guard ProcessInfo.processInfo.environment["SYSTEMD_BOX_NAME"] != nil else {
            throw Failure(description: "These tests need a systemd of their own: run scripts/test-systemd")
        }
    }

    /// Runs a script of bash inside, as root, and returns its output; throws when it fails.
    @discardableResult
    func run(_ script: String) throws -> String {
        let (code, output) = try attempt(script)
        guard code == 0 else { throw Failure(description: "exit \(code): \(script)\n\(output)") }
        return output
    }

    func attempt(_ script: String) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: Self.repository + "/scripts/systemd-box")
        process.arguments = ["exec", "bash", "-c", script]
        process.currentDirectoryURL = URL(filePath: Self.repository)
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self).trimmingCharacters(in: .newlines))
    }

    /// Asks until it is so; each question is a process in the box, which is pause enough.
    func until(_ what: String, _ condition: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try !condition() {
            guard ContinuousClock.now < deadline else {
                let journal = try attempt("journalctl --no-pager -n 60 -o cat; bunbase status").output
                throw Failure(description: "never came: \(what)\n\(journal)")
            }
        }
    }

    // MARK: BunBase in it

    /// Everything up and ready, whatever the test before left.
    func start() throws {
        try run("systemctl reset-failed; systemctl start bunbase.target")
        try until("a ready cluster") { try attempt("bunbase status | grep -q '^ready'").code == 0 }
    }

    /// Everything down, and waited for.
    func stop() throws { try run("systemctl stop bunbase.target 'bunbase-*'") }

    func property(_ name: String, of unit: String = "bunbase-supervisor.service") throws -> String {
        try run("systemctl show -P \(name) \(unit)")
    }

    func status() throws -> JSONValue { try JSONValue(parsing: Array(run("bunbase status --json").utf8)) }

    /// The pids of all processes, by instance.
    func pids() throws -> [String: Int] {
        let status = try status()
        let all = (status["services"]?.array ?? []) + (status["instances"]?.array ?? [])
        return all.reduce(into: [:]) { pids, instance in
            guard let pid = instance["pid"]?.int else { return }
            pids["\(instance["project"]?.string ?? "")/\(instance["kind"]?.string ?? "")"] = pid
        }
    }

    /// How often each instance has been restarted, by instance.
    func restarts() throws -> [String: Int] {
        (try status()["instances"]?.array ?? []).reduce(into: [:]) { restarts, instance in
            let name = "\(instance["project"]?.string ?? "")/\(instance["kind"]?.string ?? "")"
            restarts[name] = instance["restarts"]?.int
        }
    }

    /// A project of a fresh name.
    func project(_ name: String) throws -> TrialCluster.Project {
        let slug = "\(name)-\(UInt32.random(in: 0 ... .max))"
        let created = try run("bunbase projects create \(slug) >/dev/null && bunbase projects show \(slug) --json")
        let key = try run("bunbase projects keys show \(slug)")
        guard let id = try JSONValue(parsing: Array(created.utf8))["id"]?.string else {
            throw Failure(description: "no id in \(created)")
        }
        return TrialCluster.Project(id: id, slug: slug, key: key)
    }

    func client(_ project: TrialCluster.Project) -> Client { Client(front: .port(Self.http), key: project.key) }
}
