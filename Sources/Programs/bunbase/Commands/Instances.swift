import ArgumentParser
import Config
import JSON
import Nouns
import Terminal

struct Instances: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows and commands projects' instances.",
        subcommands: [
            List.self, Show.self, Start.self, Stop.self, Restart.self, Drain.self, Clear.self,
        ], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows all instances, or those of a project.")

        @Argument(help: "The project's id or name.")
        var project: String?

        @Flag(help: "Print them as JSON.")
        var json = false

        func run() throws {
            let cluster = try Cluster()
            let status = try cluster.json(try cluster.supervisor("GET", "/status"))
            let id = try project.map { try cluster.projectID($0) }
            let instances = (status["instances"]?.array ?? []).filter {
                id == nil || $0["project"]?.string == id?.text
            }
            if json { return print(JSONValue.array(instances).text) }
            guard !instances.isEmpty else { return print("There are no instances: no project, or no such project.") }
            print(StatusText(status, .ofOutput()).table(instances, isShared: false), terminator: "")
        }
    }

    struct Target: ParsableArguments {
        @Argument(help: "The project's id or name; @shared for a service.")
        var project: String

        @Argument(help: "The kind: bundoc, bunder, …")
        var kind: String

        @Option(help: "Which one of a kind that has several.")
        var ordinal = 0

        /// The path of the instance at the supervisor.
        func path(_ cluster: Cluster) throws(Failure) -> String {
            let id = project == ProjectID.shared.text ? .shared : try cluster.projectID(project)
            return "/instances/\(id.text.pathPart)/\(kind.pathPart)" + (ordinal == 0 ? "" : "/\(ordinal)")
        }

        /// Sends a command and waits until it is done.
        func command(_ verb: String, done: String) throws(Failure) {
            let cluster = try Cluster()
            _ = try cluster.demand(try cluster.supervisor("POST", try path(cluster) + "/" + verb))
            print("\(project)/\(kind) \(done)")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one instance.")
        @OptionGroup var target: Target

        @Flag(help: "Print it as JSON.")
        var json = false

        func run() throws {
            let cluster = try Cluster()
            let instance = try cluster.json(try cluster.supervisor("GET", try target.path(cluster)))
            if json { return print(instance.text) }
            print(InstanceText(instance, .ofOutput()).text, terminator: "")
        }
    }

    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wakes an instance; one that was stopped may run again.")
        @OptionGroup var target: Target
        func run() throws { try target.command("start", done: "serves") }
    }

    struct Stop: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stops an instance and keeps it down until start.")
        @OptionGroup var target: Target
        func run() throws { try target.command("stop", done: "is down and stays so until: bunbase instances start") }
    }

    struct Restart: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stops an instance and starts it again.")
        @OptionGroup var target: Target
        func run() throws { try target.command("restart", done: "is restarted") }
    }

    struct Drain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets an instance finish what is under way and puts it to sleep.")
        @OptionGroup var target: Target
        func run() throws { try target.command("drain", done: "sleeps; the next request wakes it") }
    }

    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forgets an instance's crashes: ends its backoff or quarantine.")
        @OptionGroup var target: Target
        func run() throws { try target.command("clear", done: "is free of its crashes") }
    }
}
