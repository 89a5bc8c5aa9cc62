import ArgumentParser
import Config
import JSON
import Nouns
import Terminal

struct TokensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Makes, shows and revokes operators' tokens.",
        discussion: "A token opens projects without their keys: Authorization: Bearer bbt_…",
        subcommands: [Create.self, List.self, Revoke.self], defaultSubcommand: List.self)

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a token and prints it, once.",
            discussion: "Without --project it opens every project, also those to come.")

        @Argument(help: "What the token is called: letters, digits, -, _ and .")
        var name: String

        @Option(name: .long, help: "A project that it opens, by id, slug or name. May be given several times.")
        var project: [String] = []

        @Option(help: "How long it is valid, like 90d, 12h or 30m. Without it: until it is revoked.")
        var expires: String?

        @Flag(help: "Print the token and what it stands for as JSON.")
        var json = false

        func run() throws {
            let cluster = try Cluster()
            var members: [(String, JSONValue)] = [("name", .string(name))]
            if !project.isEmpty {
                let ids = try project.map { JSONValue.string(try cluster.projectID($0).text) }
                members.append(("projects", .array(ids)))
            }
            if let expires { members.append(("expires_in", .integer(try Self.seconds(expires)))) }
            let body = JSONValue.object(JSONObject(members))
            let token = try cluster.json(try cluster.platform("POST", "/tokens", body: body))
            if json { return print(token.text) }
            guard let secret = token["token"]?.string else {
                throw Failure(.refused, "The platform gave no token: \(token.text)")
            }
            // Only the token on standard output, so that it can be piped to where it is kept.
            print(secret)
            Failure.note("It is not shown again. It opens \(token.scopeText) and ends \(token["expires_at"].dateText).")
        }

        /// Days, which no other duration here is long enough for, and the usual ones.
        static func seconds(_ text: String) throws(Failure) -> Int64 {
            if text.hasSuffix("d"), let days = Int64(text.dropLast()), (1...3_650).contains(days) {
                return days * 86_400
            }
            guard let duration = Time.duration(text), duration >= .seconds(1) else {
                throw Failure(.refused, "\(text) is no duration: write 90d, 12h, 30m or 45s.")
            }
            return duration.millisecondsRoundedUp / 1000
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows all tokens, without the tokens themselves.")

        @Flag(help: "Print them as JSON.")
        var json = false

        func run() throws {
            let cluster = try Cluster()
            let tokens = try cluster.json(try cluster.platform("GET", "/tokens"))["tokens"]?.array ?? []
            if json { return print(JSONValue.array(tokens).text) }
            guard !tokens.isEmpty else {
                return print("There is no token. Make one with: bunbase tokens create NAME")
            }
            var table = Table([
                ("ID", .left), ("NAME", .left), ("PROJECTS", .left), ("CREATED", .left), ("EXPIRES", .left),
                ("LAST USED", .left),
            ])
            for token in tokens {
                let texts = [
                    token["id"]?.string ?? "-", token["name"]?.string ?? "-", token.scopeText,
                    token["created_at"].dateText, token["expires_at"].dateText, token["last_used_at"].dateText,
                ]
                table.add(texts.map { Table.Cell($0) })
            }
            print(table.text(.ofOutput()), terminator: "")
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Ends a token; it opens nothing from then on.")

        @Argument(help: "The token's id or name.")
        var token: String

        func run() throws {
            let cluster = try Cluster()
            let answer = try cluster.json(try cluster.platform("DELETE", "/tokens/\(token.pathPart)"))
            print("Token \(token) is revoked.")
            if answer["fronts_updated"]?.bool == false {
                Failure.warn("A front has not answered; it may take the token for some seconds.")
            }
        }
    }
}

extension JSONValue {
    /// A token's projects.
    fileprivate var scopeText: String {
        guard let projects = self["projects"]?.array else { return "all projects" }
        return projects.isEmpty ? "none that still exists" : projects.compactMap(\.string).joined(separator: " ")
    }
}

extension JSONValue? {
    /// A moment, or never.
    fileprivate var dateText: String { self?.string ?? "never" }
}
