import ArgumentParser
import Config
import Foundation
import Nouns
import Supervision
import Terminal

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Looks at cluster files.", subcommands: [Check.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks a cluster file, and the environment's overrides with it.",
            discussion: "Every mistake is printed with file, line, key, what stands there and what is allowed.")

        @Argument(help: "The cluster file.", completion: .file())
        var file: String

        func run() throws {
            let cluster = try ClusterFile.loadOrFail(file)
            let kinds = cluster.supervision.kinds.keys.sorted().map(\.text).joined(separator: ", ")
            print("\(file) is in order: kinds \(kinds); \(cluster.routes.count) routes; home \(cluster.home.directory)")
        }
    }
}

extension ClusterFile {
    /// The file with this environment, or a failure that lists what is wrong.
    static func loadOrFail(_ path: String) throws(Failure) -> ClusterFile {
        do throws(ConfigError) {
            return try load(
                path: path, environment: ProcessInfo.processInfo.environment,
                programDirectory: ClusterLocation.parent(Cluster.program))
        } catch {
            throw Failure(.refused, "the cluster file cannot be used\n\(error)")
        }
    }
}
