import ArgumentParser
import Foundation
import JSON
import Nouns
import Terminal

struct ProjectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects", abstract: "Creates, shows and deletes projects.",
        subcommands: [Create.self, List.self, Show.self, Delete.self, Keys.self], defaultSubcommand: List.self)

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Creates a project and prints its key.")

        @Argument(help: "The project's name.")
        var name: String

        @Flag(help: "Print the project as JSON.")
        var json = false

        func run() throws {
            let cluster = try Cluster()
            let body = JSONValue.object(JSONObject([("name", .string(name))]))
            let project = try cluster.json(try cluster.platform("POST", "/projects", body: body))
            if json { return print(project.text) }
            let key = project["public_api_key"]?.string ?? ""
            let base = RunningCluster.of(cluster.home)?.http ?? "http://127.0.0.1:8090"
            print(
                """
                Project \(project["name"]?.string ?? name)
                  id   \(project["id"]?.string ?? "?")
                  key  \(key)

                Next: store a document, and read it
                  curl -sS -H 'X-Bunbase-Client-Key: \(key)' -d '{"_id":"first","text":"hello"}' \
                \(base)/v1/database/collections/notes/documents
                  curl -sS -H 'X-Bunbase-Client-Key: \(key)' \(base)/v1/database/collections/notes/documents/first
                """)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows all projects.")

        @Flag(help: "Print them as JSON.")
        var json = false

        func run() throws {
            let cluster = try Cluster()
            let projects = try cluster.projects()
            if json { return print(JSONValue.array(projects).text) }
            guard !projects.isEmpty else {
                return print("There is no project yet. Create one with: bunbase projects create NAME")
            }
            var table = Table([("ID", .left), ("NAME", .left), ("SLUG", .left), ("STATE", .left), ("CREATED", .left)])
            for project in projects {
                table.add(
                    ["id", "name", "slug", "state", "created_at"].map { Table.Cell(project[$0]?.string ?? "-") })
            }
            print(table.text(.ofOutput()), terminator: "")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows a project.")

        @Argument(help: "The project's id or name.")
        var project: String

        @Flag(help: "Print it as JSON.")
        var json = false

        func run() throws {
            let cluster = try Cluster()
            let found = try cluster.project(project)
            if json { return print(found.text) }
            for member in found.object?.members ?? [] {
                let name = member.name.padding(toLength: 16, withPad: " ", startingAt: 0)
                print("\(name)\(member.value.string ?? member.value.text)")
            }
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes a project with all its data.", discussion: "Its id is never used again.")

        @Argument(help: "The project's id or name.")
        var project: String

        @Flag(name: .shortAndLong, help: "Do not ask.")
        var yes = false

        func run() throws {
            let cluster = try Cluster()
            let found = try cluster.project(project)
            let id = found["id"]?.string ?? project
            let name = found["name"]?.string ?? id
            if !yes { try confirm("Delete project \(name) (\(id)) with all its data? Type its id to go on: ", id) }
            _ = try cluster.demand(try cluster.platform("DELETE", "/projects/\(id.pathPart)"))
            print("Project \(name) (\(id)) is deleted.")
        }

        private func confirm(_ question: String, _ expected: String) throws(Failure) {
            guard isatty(STDIN_FILENO) == 1 else {
                throw Failure(.refused, "Nothing was deleted: without a terminal to ask on, --yes is needed.")
            }
            FileHandle.standardError.write(Data(question.utf8))
            guard readLine() == expected else { throw Failure(.refused, "Nothing was deleted.") }
        }
    }

    struct Keys: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows or replaces a project's key.", subcommands: [ShowKey.self, Rotate.self])

        struct ShowKey: ParsableCommand {
            static let configuration = CommandConfiguration(commandName: "show", abstract: "Prints a project's key.")

            @Argument(help: "The project's id or name.")
            var project: String

            func run() throws {
                let cluster = try Cluster()
                let found = try cluster.project(project)
                guard let key = found["public_api_key"]?.string else {
                    throw Failure(
                        .notFound, "Project \(project) has no key. Make one with: bunbase projects keys rotate")
                }
                print(key)
            }
        }

        struct Rotate: ParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Makes a new key and prints it; the old one is refused from then on.")

            @Argument(help: "The project's id or name.")
            var project: String

            func run() throws {
                let cluster = try Cluster()
                let id = try cluster.projectID(project)
                let answer = try cluster.json(try cluster.platform("POST", "/projects/\(id.text.pathPart)/keys/rotate"))
                guard let key = answer["public_api_key"]?.string else {
                    throw Failure(.refused, "The platform gave no key: \(answer.text)")
                }
                print(key)
                if answer["fronts_updated"]?.bool == false {
                    Failure.warn("A front has not answered; it may take the old key until it does.")
                }
                if answer["connections_ended"]?.bool == false {
                    Failure.warn("Redis connections with the old key may still be open; rotate again to end them.")
                }
            }
        }
    }
}

extension Cluster {
    /// All projects, deleted ones left out.
    func projects() throws(Failure) -> [JSONValue] {
        var projects: [JSONValue] = []
        var target = "/projects?limit=1000"
        while true {
            let page = try json(try platform("GET", target))
            projects += page["projects"]?.array ?? []
            guard let next = page["next"]?.string else { return projects }
            target = "/projects?limit=1000&after=\(next.pathPart)"
        }
    }

    /// A project by its id, or else by its slug or name, when only one has it.
    func project(_ word: String) throws(Failure) -> JSONValue {
        if ProjectID(word) != nil {
            let answer = try platform("GET", "/projects/\(word.pathPart)")
            if answer.status != 404 { return try json(answer) }
        }
        let all = try projects()
        let bySlug = all.filter { $0["slug"]?.string == word }
        let found = bySlug.isEmpty ? all.filter { $0["name"]?.string == word } : bySlug
        guard let id = found.first?["id"]?.string else {
            throw Failure(.notFound, "There is no project \(word). See: bunbase projects list")
        }
        guard found.count == 1 else {
            let ids = found.compactMap { $0["id"]?.string }.joined(separator: ", ")
            throw Failure(.refused, "Several projects are called \(word): \(ids). Use an id.")
        }
        return try json(try platform("GET", "/projects/\(id.pathPart)"))
    }

    /// The id of a project; while the platform is away, the word itself where it can be one.
    func projectID(_ word: String) throws(Failure) -> ProjectID {
        do throws(Failure) {
            if let id = try project(word)["id"]?.string.flatMap({ ProjectID($0) }) { return id }
        } catch {
            guard error.code == Failure.Code.unreachable.rawValue else { throw error }
        }
        guard let id = ProjectID(word) else {
            throw Failure(.notFound, "\(word) is no project's id: 1 to 40 of a-z, 0-9 and -.")
        }
        return id
    }
}
