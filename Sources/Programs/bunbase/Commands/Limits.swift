import ArgumentParser
import Config
import Contracts
import JSON
import Nouns
import Terminal

struct LimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Shows and changes what a project may use of the front.",
        discussion: """
            What is not set holds as the cluster file says under front.limits. Changes take effect at once.

            requests   requests under way at once
            rate       requests a second, or none
            burst      requests that may come at once after a pause, or none: a second's worth
            bandwidth  bytes a second of bodies both ways, like 10MiB, or none
            waiting    requests that may wait for their turn
            wait       how long one waits at most, like 500ms
            """,
        subcommands: [Show.self, SetLimits.self, Clear.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows a project's limits.")

        @Argument(help: "The project's id or name.")
        var project: String

        @Flag(help: "Print the project's own limits as JSON.")
        var json = false

        func run() throws {
            let cluster = try Cluster()
            let id = try cluster.projectID(project)
            let own = try cluster.json(try cluster.platform("GET", "/projects/\(id.text.pathPart)/limits"))["limits"]
            if json { return print((own ?? .null).text) }
            let common = try cluster.json(try cluster.supervisor("GET", "/limits"))["front"]?["project"]
            var table = Table([("LIMIT", .left), ("VALUE", .right), ("SET BY", .left)])
            for key in ProjectLimits.Key.allCases {
                let number = own?[key.rawValue]?.int ?? common?[key.rawValue]?.int
                let source = own?[key.rawValue] == nil ? "cluster file" : "bunbase limits set"
                table.add([key.rawValue, number.map(key.text) ?? "-", source].map { Table.Cell($0) })
            }
            print(table.text(.ofOutput()), terminator: "")
        }
    }

    struct SetLimits: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Gives a project limits of its own.")

        @Argument(help: "The project's id or name.")
        var project: String

        @Argument(help: "One or more of KEY=VALUE: rate=100 wait=500ms.")
        var limits: [String]

        func run() throws {
            let members = try limits.map { text throws(Failure) in try Self.member(text) }
            try LimitsCommand.change(project, "PATCH", .object(JSONObject(members)))
        }

        private static func member(_ text: String) throws(Failure) -> (String, JSONValue) {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let key = ProjectLimits.Key(rawValue: parts[0]) else {
                let names = ProjectLimits.Key.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure(.refused, "\(text) is not KEY=VALUE with one of: \(names).")
            }
            guard let number = key.number(parts[1]) else {
                throw Failure(.refused, "\(parts[1]) is not what \(key.rawValue) may be: \(key.allowed).")
            }
            return (key.rawValue, .integer(Int64(number)))
        }
    }

    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes a project's own limits away: those named, or all.")

        @Argument(help: "The project's id or name.")
        var project: String

        @Argument(help: "The limits: rate burst …")
        var limits: [String] = []

        func run() throws {
            guard !limits.isEmpty else { return try LimitsCommand.change(project, "DELETE", nil) }
            try LimitsCommand.change(project, "PATCH", .object(JSONObject(limits.map { ($0, .null) })))
        }
    }

    private static func change(_ project: String, _ method: String, _ body: JSONValue?) throws {
        let cluster = try Cluster()
        let id = try cluster.projectID(project)
        let answer = try cluster.json(
            try cluster.platform(method, "/projects/\(id.text.pathPart)/limits", body: body))
        let own = answer["limits"]?.object?.members ?? []
        let texts = own.compactMap { member in
            ProjectLimits.Key(rawValue: member.name).flatMap { key in
                member.value.int.map { "\(key.rawValue)=\(key.text($0))" }
            }
        }
        print("Project \(project): \(texts.isEmpty ? "no limits of its own" : texts.joined(separator: " ")).")
        if answer["fronts_updated"]?.bool == false {
            Failure.warn("A front has not answered; it keeps to the limits of before until it does.")
        }
    }
}
