import ArgumentParser
import Config
import Contracts
import Foundation
import JSON
import Linux
import Nouns
import Terminal

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what the supervisor noted and what processes printed.",
        discussion: "The files themselves are JSON lines in the cluster's log directory.")

    @Argument(help: "Only of this project, by id or name; @shared: of the services.")
    var project: String?

    @Argument(help: "Only of this kind.")
    var kind: String?

    @Flag(name: .shortAndLong, help: "Go on with what comes, until Ctrl-C.")
    var follow = false

    @Option(name: [.customShort("n"), .long], help: "How many of the last lines.")
    var lines = 50

    func validate() throws {
        guard (0...100_000).contains(lines) else { throw ValidationError("--lines is a number from 0 to 100000.") }
        guard kind == nil || Kind(kind!) != nil else {
            throw ValidationError("A kind is 1 to \(Kind.lengthMax) of a-z, 0-9 and -, beginning with a letter.")
        }
    }

    func run() throws {
        let cluster = try Cluster()
        let running = RunningCluster.of(cluster.home)
        let directory = running?.logs ?? cluster.home.logs
        let id = try project.map { $0 == ProjectID.shared.text ? .shared : try cluster.projectID($0) }
        if running?.isJournal == true {
            let words = [id.map { "BUNBASE_PROJECT=\($0)" }, kind.map { "BUNBASE_KIND=\($0)" }].compactMap { $0 }
            let filter = words.isEmpty ? "-u bunbase-supervisor" : words.joined(separator: " ")
            throw Failure(.refused, "This cluster runs under systemd; its log is in the journal: journalctl \(filter)")
        }
        let files = LogFiles(directory, .init(project: id?.text, kind: kind))
        let style = Style.ofOutput()
        do throws(SystemError) {
            if follow { try files.watch() }
            for line in files.last(lines) { print(line.text(style)) }
            while follow {
                fflush(nil)
                try files.wait()
                for line in files.more() { print(line.text(style)) }
            }
        } catch {
            throw Failure(.refused, "The log files cannot be followed: \(error)")
        }
    }
}

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what happens, as it happens, until Ctrl-C.")

    @Flag(help: "Print each event as a line of JSON.")
    var json = false

    @Flag(help: "Begin with what has happened, as far as it is kept.")
    var past = false

    func run() throws {
        let cluster = try Cluster()
        let style = Style.ofOutput()
        let refusal: ControlConnection.Answer?
        do throws(ControlConnection.Failure) {
            let connection = try ControlConnection(to: cluster.home.run.control, patience: nil)
            refusal = try connection.events(past ? "/events?after=0" : "/events") { event in
                show(event, style)
                return true
            }
        } catch {
            throw Cluster.failure(error, "the supervisor", cluster.home)
        }
        if let refusal { throw Failure(refusal) }
        throw Failure(.unreachable, "The supervisor ended the stream of events; it may be restarting.")
    }

    private func show(_ event: ServerSentEvents.Event, _ style: Style) {
        if json {
            print(event.data)
        } else if let line = LogLine(Array(event.data.utf8)) {
            print(line.text(style))
        } else {
            print(event.data)
        }
        fflush(nil)
    }
}
