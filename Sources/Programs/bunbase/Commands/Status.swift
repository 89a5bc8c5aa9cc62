import ArgumentParser
import Backup
import Config
import Foundation
import JSON
import Terminal

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what runs, what does not, and why.",
        discussion: "Sleeping instances are included: the next request wakes them.")

    @Flag(help: "Print the whole status as JSON, as GET /status gives it.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show it again every second until Ctrl-C.")
    var watch = false

    func validate() throws {
        guard !(json && watch) else { throw ValidationError("--json and --watch exclude each other.") }
    }

    func run() throws {
        let cluster = try Cluster()
        if json {
            let answer = try cluster.demand(try cluster.supervisor("GET", "/status"))
            FileHandle.standardOutput.write(Data(answer.body + [UInt8(ascii: "\n")]))
            return
        }
        let style = Style.ofOutput()
        guard watch else { return print(try text(cluster, style), terminator: "") }
        while true {
            let shown: String
            do { shown = try text(cluster, style) } catch let failure as Failure { shown = failure.message + "\n" }
            // Home, then each line's rest cleared, then what is left below: no flicker.
            let lines = shown.split(separator: "\n", omittingEmptySubsequences: false)
            print("\u{1b}[H" + lines.joined(separator: "\u{1b}[K\n") + "\u{1b}[J", terminator: "")
            fflush(nil)
            Thread.sleep(forTimeInterval: 1)
        }
    }

    private func text(_ cluster: Cluster, _ style: Style) throws -> String {
        let text = StatusText(try cluster.json(try cluster.supervisor("GET", "/status")), style).text
        guard let last = Outcome(data: cluster.home.data), !last.isGood else { return text }
        return text + "\n\(style.paint(last.sentence, .yellow))\n"
    }
}

struct Services: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows or restarts the shared services.", subcommands: [List.self, Restart.self],
        defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the shared services.")

        @Flag(help: "Print them as JSON.")
        var json = false

        func run() throws {
            let cluster = try Cluster()
            let status = try cluster.json(try cluster.supervisor("GET", "/status"))
            let services = status["services"] ?? .array([])
            if json { return print(services.text) }
            print(StatusText(status, .ofOutput()).table(services.array ?? [], isShared: true), terminator: "")
        }
    }

    struct Restart: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stops a shared service and starts it again.")

        @Argument(help: "Its name: front, platform, …")
        var name: String

        func run() throws {
            let cluster = try Cluster()
            _ = try cluster.demand(try cluster.supervisor("POST", "/services/\(name.pathPart)/restart"))
            print("\(name) is restarted")
        }
    }
}

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the cluster read its file again.",
        discussion: "Running instances are not touched. A file with a mistake changes nothing.")

    func run() throws {
        let cluster = try Cluster()
        _ = try cluster.demand(try cluster.supervisor("POST", "/reload"))
        print("The cluster file was read again.")
    }
}
