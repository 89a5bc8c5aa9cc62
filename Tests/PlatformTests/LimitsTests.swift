import JSON
import Linux
import PlatformShell
import Service
import Testing

/// A project's own limits, from the operator to the fronts.
struct LimitsTests {
    let site: Site

    init() throws {
        site = try Site()
        try site.startSupervisor()
        try site.start()
    }

    @Test func `limits that an operator sets reach the fronts before his answer`() throws {
        let project = try site.create("demo")
        let front = try Front(site)
        try site.loop.turn(until: front.isSynced)
        #expect(front.limits[project.id] == "")
        let set = try site.ask("PATCH", "/projects/demo/limits", ["rate": 100, "wait": 500])
        #expect(set.status == 200 && set.body["fronts_updated"] == true)
        #expect(set.body["limits"] == ["rate": 100, "wait": 500])
        #expect(front.limits[project.id] == "rate=100,wait=500")
        let changed = try site.ask("PATCH", "/projects/\(project.id)/limits", ["wait": .null, "requests": 3])
        #expect(changed.body["limits"] == ["requests": 3, "rate": 100])
        #expect(front.limits[project.id] == "requests=3,rate=100")
        #expect(try site.ask("DELETE", "/projects/demo/limits").body["limits"] == [:])
        #expect(front.limits[project.id] == "")
        #expect(front.keys[project.id] == project.key)
    }

    @Test func `limits outlive the platform and a change of the key, also in the fronts' file`() throws {
        let project = try site.create("demo")
        _ = try site.ask("PATCH", "/projects/demo/limits", ["burst": 7])
        _ = try site.ask("POST", "/projects/demo/keys/rotate")
        try site.start()
        #expect(try site.ask("GET", "/projects/demo/limits").body["limits"] == ["burst": 7])
        let front = try Front(site)
        try site.loop.turn(until: front.isSynced)
        #expect(front.limits[project.id] == "burst=7")
        let file = String(decoding: try site.bytes(of: site.paths.data + "/keys.table"), as: UTF8.self)
        #expect(file.contains(" burst=7\n"))
    }

    @Test(arguments: [
        "[]", "7", #"{"speed":1}"#, #"{"rate":-1}"#, #"{"rate":"many"}"#, #"{"requests":0}"#, #"{"wait":1.5}"#,
        #"{"rate":5,"waiting":100001}"#,
    ])
    func `refuses what is no limit, and changes nothing`(body: String) throws {
        try site.create("demo")
        let answer = try site.ask("PATCH", "/projects/demo/limits", bytes: Array(body.utf8))
        #expect(answer.status == 400)
        #expect(try JSONValue(parsing: answer.body)["code"] == "limits.malformed")
        #expect(try site.ask("GET", "/projects/demo/limits").body["limits"] == [:])
    }

    @Test func `a project that is not there has no limits`() throws {
        for method in ["GET", "DELETE"] as [StaticString] {
            #expect(try site.ask(method, "/projects/nobody/limits").body["code"] == "project.unknown")
        }
    }
}
