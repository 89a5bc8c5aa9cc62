import Foundation
import HTTP
import JSON
import Linux
import Nouns
import PlatformShell
import Projects
import SQL
import Service
import Testing

/// What operators ask of the platform.
struct PlatformServiceTests {
    let site: Site

    init() throws {
        site = try Site()
        try site.startSupervisor()
        try site.start()
    }

    @Test func `creates a project, tells the supervisor, and shows it by id and slug`() throws {
        let answer = try site.ask("POST", "/projects", ["name": " My App "])
        #expect(answer.status == 201)
        let id = try #require(answer.body["id"]?.string)
        #expect(
            answer.body.object?.members.map(\.name) == [
                "id", "name", "slug", "public_api_key", "created_at", "updated_at", "state",
            ])
        #expect(answer.body["name"] == "My App")
        #expect(answer.body["slug"] == "my-app")
        #expect(answer.body["state"] == "active")
        #expect(answer.body["public_api_key"]?.string?.wholeMatch(of: /pk_[0-9a-f]{32}/) != nil)
        #expect(site.orders == ["ALL ", "PUT \(id)"])
        for name in [id, "my-app"] {
            let shown = try site.ask("GET", "/projects/\(name)")
            #expect(shown.status == 200)
            #expect(shown.body == answer.body)
        }
        let keys = try site.ask("GET", "/projects/my-app/keys")
        #expect(keys.body == ["public_api_key": answer.body["public_api_key"] ?? .null])
        #expect(try site.snapshot() == [id: try #require(answer.body["public_api_key"]?.string)])
    }

    @Test func `gives a copy of the registry that opens by itself and holds what was committed`() throws {
        let first = try site.create("demo")
        let answer = try site.ask("GET", "/registry", bytes: nil)
        #expect(answer.status == 200)
        try site.create("later")
        let path = site.home + "/copy.sqlite"
        try Data(answer.body).write(to: URL(filePath: path))
        let copy = try Connection(path: path)
        #expect(try copy.first("PRAGMA integrity_check") == "ok")
        #expect(try copy.first("SELECT group_concat(id) FROM project") == .text(first.id))
    }

    @Test func `lets names repeat and tells their slugs apart`() throws {
        let first = try site.create("demo")
        let second = try site.create("demo")
        #expect(first.slug == "demo")
        #expect(second.slug.wholeMatch(of: /demo-[0-9a-f]{8}/) != nil)
        #expect(first.id != second.id)
        #expect(first.key != second.key)
    }

    @Test func `lists projects in pages, newest first`() throws {
        for number in 0..<7 { try site.create("p\(number)") }
        var names: [String] = []
        var target = "/projects?limit=3"
        var pages = 0
        while true {
            let page = try site.ask("GET", target).body
            names += try #require(page["projects"]?.array).compactMap { $0["name"]?.string }
            pages += 1
            guard let next = page["next"]?.string else { break }
            target = "/projects?limit=3&after=\(next)"
        }
        #expect(names == (0..<7).reversed().map { "p\($0)" })
        #expect(pages == 3)
        for query in ["limit=0", "limit=1001", "limit=x", "after=-1", "after="] {
            let answer = try site.ask("GET", "/projects?\(query)")
            #expect(answer.status == 400)
            #expect(answer.body["code"] == "request.query_malformed")
        }
    }

    @Test(arguments: [
        ("{", "request.json_malformed"), ("", "request.json_malformed"), ("[]", "project.name_malformed"),
        ("{}", "project.name_malformed"), (#"{"name":7}"#, "project.name_malformed"),
        (#"{"name":""}"#, "project.name_malformed"), (#"{"name":"a\nb"}"#, "project.name_malformed"),
    ])
    func `refuses what is no name and says the form`(body: String, code: String) throws {
        let answer = try site.ask("POST", "/projects", bytes: Array(body.utf8))
        let fault = try JSONValue(parsing: answer.body)
        #expect(answer.status == 400)
        #expect(fault["code"]?.string == code)
        if code == "project.name_malformed" { #expect(fault["error"]?.string?.contains("1 to 100 characters") == true) }
        #expect(site.orders == ["ALL "])
    }

    @Test func `refuses bodies beyond the limit`() throws {
        let name = String(repeating: "n", count: 70_000)
        #expect(try site.ask("POST", "/projects", ["name": .string(name)]).status == 413)
    }

    @Test func `refuses more projects than allowed`() throws {
        site.settings.projectsMax = 2
        try site.start()
        try site.create("a")
        let second = try site.create("b")
        let refusal = try site.ask("POST", "/projects", ["name": "c"])
        #expect(refusal.status == 409)
        #expect(refusal.body["code"] == "projects.full")
        #expect(try site.ask("DELETE", "/projects/\(second.id)").status == 200)
        try site.create("c")
    }

    @Test(arguments: ["GET", "DELETE"] as [StaticString])
    func `says that a project is unknown`(method: StaticString) throws {
        let answer = try site.ask(method, "/projects/nobody")
        #expect(answer.status == 404)
        #expect(answer.body["code"] == "project.unknown")
        #expect(answer.body["error"]?.string?.contains("nobody") == true)
    }

    @Test func `rotates a key: the old one is gone from the table`() throws {
        let project = try site.create("demo")
        let answer = try site.ask("POST", "/projects/demo/keys/rotate")
        #expect(answer.status == 200)
        let key = try #require(answer.body["public_api_key"]?.string)
        #expect(key != project.key)
        #expect(answer.body["fronts_updated"] == true && answer.body["connections_ended"] == true)
        #expect(site.orders.last == "POST \(project.id)")
        #expect(try site.snapshot() == [project.id: key])
        #expect(try site.ask("GET", "/projects/demo").body["public_api_key"]?.string == key)
    }

    @Test func `says so when connections with the old key could not be ended`() throws {
        try site.create("demo")
        site.supervise = { _, responder in responder.send(Fault(404, "route.unknown", "An older supervisor.")) }
        let answer = try site.ask("POST", "/projects/demo/keys/rotate")
        #expect(answer.status == 200)
        #expect(answer.body["connections_ended"] == false)
    }

    @Test func `deletes a project: its processes end, then its data goes, then its row`() throws {
        let project = try site.create("demo")
        let folder = site.paths.projects + "/" + project.id
        mkdir(folder, 0o700)
        site.write("secret", to: folder + "/file")
        var whenWithdrawn: (state: String?, hasData: Bool)?
        site.supervise = { [unowned site] request, responder in
            let row = try? site.service?.registry.project(project.id)
            whenWithdrawn = (row?.state.rawValue, site.exists(folder))
            responder.send(.empty())
        }
        let answer = try site.ask("DELETE", "/projects/demo")
        #expect(answer.status == 200)
        #expect(answer.body["message"] == "project deleted")
        #expect(whenWithdrawn?.state == "deleting")
        #expect(whenWithdrawn?.hasData == true)
        #expect(site.orders.last == "DELETE \(project.id)")
        #expect(!site.exists(folder))
        #expect(try site.snapshot() == [:])
        #expect(try site.ask("GET", "/projects/\(project.id)").status == 404)
        try site.settle()
        #expect(try Trashcan.names(site.paths.trash) == [])
        // The slug is free again, the id never is.
        let next = try site.create("demo")
        #expect(next.slug == "demo")
        #expect(next.id != project.id)
    }

    @Test func `answers all who delete the same project when it is gone`() throws {
        let project = try site.create("demo")
        var waiting: [Responder] = []
        site.supervise = { _, responder in waiting.append(responder) }
        var answers: [Int] = []
        for _ in 0..<3 {
            site.begin("DELETE", "/projects/\(project.id)") {
                if case .success(let answer) = $0 { answers.append(answer.status) }
            }
        }
        try site.loop.turn(until: waiting.count == 1)
        let shown = try site.ask("GET", "/projects/demo")
        #expect(shown.body["state"] == "deleting")
        #expect(try site.ask("POST", "/projects/demo/keys/rotate").body["code"] == "project.deleting")
        #expect(answers.isEmpty)
        waiting.popLast()?.send(.empty())
        try site.loop.turn(until: answers.count == 3)
        #expect(answers == [200, 200, 200])
        #expect(site.orders.filter { $0.hasPrefix("DELETE") }.count == 1)
    }

    @Test func `answers 503 when a deletion takes long, and goes on with it`() throws {
        site.settings.deletionWait = .milliseconds(20)
        try site.start()
        let project = try site.create("demo")
        var waiting: [Responder] = []
        site.supervise = { _, responder in waiting.append(responder) }
        let answer = try site.ask("DELETE", "/projects/demo")
        #expect(answer.status == 503)
        #expect(answer.body["code"] == "project.deletion_goes_on")
        try site.loop.turn(until: waiting.count == 1)
        waiting.popLast()?.send(.empty())
        try site.settle()
        #expect(try site.ask("GET", "/projects/\(project.id)").status == 404)
    }

    @Test func `drains: answers what is under way, and leaves the socket`() throws {
        try site.create("demo")
        var waiting: [Responder] = []
        site.supervise = { _, responder in waiting.append(responder) }
        var status: Int?
        site.begin("POST", "/projects", Array(#"{"name":"late"}"#.utf8)) {
            if case .success(let answer) = $0 { status = answer.status }
        }
        try site.loop.turn(until: waiting.count == 1)
        var isDone = false
        site.service?.drain { isDone = true }
        waiting.popLast()?.send(.empty())
        try site.loop.turn(until: isDone)
        try site.loop.turn(until: status != nil)
        #expect(status == 201)
    }
}

enum Trashcan {
    static func names(_ path: String) throws -> [String] {
        guard let stream = opendir(path) else { throw SystemError("opendir", path: path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
