import ArgumentParser
import ChaosPlan
import ChaosRig
import Config
import Contracts
import Foundation
import JSON
import Terminal
import Trial

struct Chaos: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what an installation withstands: load, disturbances, and whether every promise was kept.",
        subcommands: [Run.self, Scenarios.self, Disturbances.self])
}

extension Chaos {
    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disturbs a cluster under load and judges what came of it.",
            discussion: """
                Without --against, a cluster of its own is started and removed at the end: everything is done \
                to that one. With --against, chaos makes projects in a cluster that runs, disturbs only their \
                processes, and deletes them at the end.

                The seed decides what is done when to whom; the same seed and scenario do the same. Exit code 0: every \
                invariant held; 1: one did not.
                """)

        @Option(help: "A scenario's file, or the name of one in cluster/chaos.", completion: .file())
        var scenario: String?

        @Option(help: "Decides what is done; drawn when left out, and printed.")
        var seed: UInt64?

        @Option(help: "How long the disturbances go on, like 30s or 5m.")
        var duration: String?

        @Option(help: "How many projects.")
        var projects: Int?

        @Option(help: "Only these disturbances, like kill,wake-storm; see `bunbase chaos disturbances`.")
        var only: String?

        @Option(help: "The home of a cluster that runs.", completion: .directory)
        var against: String?

        @Option(
            help: "Where the report is written, as report.json and report.html, with the cluster's logs.",
            completion: .directory)
        var report: String?

        func validate() throws {
            guard duration == nil || Time.duration(duration!) != nil else {
                throw ValidationError("--duration is a whole number with its unit, like 30s, 5m or 1h.")
            }
            guard projects == nil || (1...10_000).contains(projects!) else {
                throw ValidationError("--projects is a number from 1 to 10000.")
            }
            for name in names where Disturbance.Form(rawValue: name) == nil {
                throw ValidationError("--only: there is no disturbance \(name).")
            }
        }

        private var names: [String] { only?.split(separator: ",").map(String.init) ?? [] }

        func run() throws {
            let seed = seed ?? UInt64.random(in: 1...1_000_000_000)
            var plan = try ScenarioFiles.scenario(scenario)
            if let duration = duration.flatMap({ Time.duration($0) }) {
                (plan.quiet, plan.duration) = (min(plan.quiet, duration / 5), duration)
            }
            plan.projects = projects ?? plan.projects
            if only != nil { plan.weights = plan.weights.filter { names.contains($0.key.rawValue) } }
            for form in names.compactMap({ Disturbance.Form(rawValue: $0) }) {
                plan.weights[form] = max(1, plan.weights[form] ?? 0)
            }
            let again =
                "bunbase chaos run --seed \(seed)" + (scenario.map { " --scenario \($0)" } ?? "")
                + (duration.map { " --duration \($0)" } ?? "") + (projects.map { " --projects \($0)" } ?? "")
                + (only.map { " --only \($0)" } ?? "") + (against.map { " --against \($0)" } ?? "")
            Self.say("chaos: scenario \(plan.name), seed \(seed)")
            let run = ChaosRun(plan, seed: seed, try place(), command: again, directory: directory(seed)) {
                Self.say("  \($0)")
            }
            let result: RunReport
            do {
                result = try run.run()
            } catch let error as TrialCluster.Failure {
                throw Failure(.unreachable, "The run could not be made: \(error)")
            }
            try write(result)
            print(result.text, terminator: "")
            if !result.isHeld { throw ExitCode(1) }
        }

        /// At once, also into a file.
        private static func say(_ line: String) {
            print(line)
            fflush(nil)
        }

        private func place() throws(Failure) -> ChaosRun.Place {
            guard let against else { return .own(programs: ClusterLocation.parent(Cluster.program)) }
            let home = Home(ClusterLocation.absolute(against, from: FileManager.default.currentDirectoryPath))
            let file = try Self.clusterFile(home)
            for address in [file.http, file.resp] where !address.isWildcard && address.host != "127.0.0.1" {
                throw Failure(.refused, "Chaos reaches fronts at 127.0.0.1 only; this one listens at \(address).")
            }
            return .running(
                TrialCluster(attachedTo: home.directory, http: file.http.port, resp: file.resp.port))
        }

        /// The one that the supervisor in a home has read.
        private static func clusterFile(_ home: Home) throws(Failure) -> ClusterFile {
            let answer: ControlConnection.Answer
            do throws(ControlConnection.Failure) {
                answer = try ControlConnection(to: home.run.control, patience: .seconds(10)).exchange("GET", "/status")
            } catch {
                throw Cluster.failure(error, "the supervisor", home)
            }
            guard answer.isSuccess,
                let path = (try? JSONValue(parsing: answer.body))?["configuration"]?["path"]?.string
            else { throw Failure(.unreachable, "The supervisor in \(home.directory) does not tell its cluster file.") }
            return try ClusterFile.loadOrFail(path)
        }

        private func directory(_ seed: UInt64) -> String { report ?? "chaos-\(seed)" }

        private func write(_ result: RunReport) throws(Failure) {
            let directory = directory(result.seed)
            do {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                try Data(result.json).write(to: URL(filePath: directory + "/report.json"))
                try Data(result.page.utf8).write(to: URL(filePath: directory + "/report.html"))
            } catch {
                throw Failure(.refused, "The report cannot be written to \(directory): \(error.localizedDescription)")
            }
            print("  report: \(directory)/report.html")
        }
    }

    struct Scenarios: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the scenarios and what they do.")

        func run() throws {
            var table = Table([("scenario", .left), ("duration", .right), ("projects", .right), ("about", .left)])
            for name in ScenarioFiles.names {
                let scenario = try ScenarioFiles.scenario(name)
                table.add([
                    .init(name), .init(Time.text(scenario.duration)), .init("\(scenario.projects)"),
                    .init(scenario.about),
                ])
            }
            print(table.text(Style.ofOutput()), terminator: "")
        }
    }

    struct Disturbances: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists what can be done to a cluster, how far it reaches, and how soon it heals.")

        func run() {
            var table = Table([
                ("disturbance", .left), ("what is done", .left), ("reaches", .left), ("what is noticed there", .left),
                ("for", .right), ("healed after", .right),
            ])
            for form in Disturbance.Form.allCases { table.add(form.row.map { .init($0) }) }
            print(table.text(Style.ofOutput()), terminator: "")
        }
    }
}

/// Where scenarios lie: `cluster/chaos` above this program, or `/etc/bunbase/chaos`.
private enum ScenarioFiles {
    private static var directory: String? {
        var candidates: [String] = []
        var above = ClusterLocation.parent(Cluster.program)
        while above != "/" {
            candidates.append(above + "/cluster/chaos")
            above = ClusterLocation.parent(above)
        }
        candidates.append("/etc/bunbase/chaos")
        return candidates.first { FileManager.default.fileExists(atPath: $0) }
    }

    static var names: [String] {
        let files = directory.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) } ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// The usual one when nothing is named.
    static func scenario(_ named: String?) throws(Failure) -> Scenario {
        guard let named else { return Scenario() }
        let path = named.hasSuffix(".yaml") ? named : (directory ?? ".") + "/\(named).yaml"
        let name = URL(filePath: path).deletingPathExtension().lastPathComponent
        guard FileManager.default.fileExists(atPath: path) else {
            throw Failure(.notFound, "There is no scenario \(named); there are: \(names.joined(separator: ", ")).")
        }
        do throws(ConfigError) {
            return try Scenario(path: path, name: name)
        } catch {
            throw Failure(.refused, error.description)
        }
    }
}
