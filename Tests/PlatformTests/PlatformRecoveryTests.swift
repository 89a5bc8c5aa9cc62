import Glibc
import HTTP
import JSON
import Linux
import Nouns
import PlatformShell
import SQL
import Service
import Testing

/// What a platform makes of a crash, its own or the supervisor's, between any two steps.
struct PlatformRecoveryTests {
    let site: Site

    init() throws {
        site = try Site()
        try site.startSupervisor()
        try site.start()
    }

    @Test(arguments: [PlatformService.Step.recorded, .declared, .published])
    func `keeps a project whose creation it did not survive, and tells everyone of it`(step: PlatformService.Step)
        throws
    {
        var isDead = false
        site.service?.goesOn = {
            isDead = isDead || $0 == step
            return !isDead
        }
        site.begin("POST", "/projects", Array(#"{"name":"demo"}"#.utf8))
        try site.loop.turn(until: isDead)
        site.orders = []
        try site.start()
        try site.settle()
        let project = try site.ask("GET", "/projects/demo")
        #expect(project.status == 200)
        let id = try #require(project.body["id"]?.string)
        let key = try #require(project.body["public_api_key"]?.string)
        #expect(site.orders == ["ALL \(id)"])
        #expect(try site.snapshot() == [id: key])
        let front = try Front(site)
        try site.loop.turn(until: front.isSynced)
        #expect(front.keys == [id: key])
        #expect(try site.ask("DELETE", "/projects/demo").status == 200)
    }

    @Test(arguments: [PlatformService.Step.fenced, .withdrawn, .cleared, .forgotten])
    func `ends a deletion that it did not survive`(step: PlatformService.Step) throws {
        let kept = try site.create("kept")
        let project = try site.create("demo")
        let folder = site.paths.projects + "/" + project.id
        mkdir(folder, 0o700)
        site.write("x", to: folder + "/file")
        let front = try Front(site)
        try site.loop.turn(until: front.isSynced)
        let known = front.version
        front.leave()
        var isDead = false
        site.service?.goesOn = {
            isDead = isDead || $0 == step
            return !isDead
        }
        site.begin("DELETE", "/projects/demo")
        try site.loop.turn(until: isDead)
        site.orders = []
        try site.start()
        try site.settle()
        #expect(try site.ask("GET", "/projects/\(project.id)").status == 404)
        #expect(!site.exists(folder))
        #expect(try Trashcan.names(site.paths.trash) == [])
        #expect(try site.snapshot() == [kept.id: kept.key])
        #expect(site.orders.first == "ALL \(kept.id)")
        // A front that was away for all of it learns of the removal.
        let back = try Front(site, known: known)
        back.keys = [kept.id: kept.key, project.id: project.key]
        try site.loop.turn(until: back.isSynced)
        #expect(back.isWhole == false)
        #expect(back.keys == [kept.id: kept.key])
    }

    @Test func `keeps the new key when it did not survive the rotation`() throws {
        let project = try site.create("demo")
        var isDead = false
        site.service?.goesOn = {
            isDead = $0 == .rotated
            return !isDead
        }
        site.begin("POST", "/projects/demo/keys/rotate")
        try site.loop.turn(until: isDead)
        try site.start()
        let key = try #require(try site.ask("GET", "/projects/demo/keys").body["public_api_key"]?.string)
        #expect(key != project.key)
        #expect(try site.snapshot() == [project.id: key])
    }

    @Test func `answers 503 while the supervisor is away, keeps the project, and tells it when it is back`() throws {
        site.settings.supervisorWait = .milliseconds(50)
        try site.start()
        try site.settle()
        try site.stopSupervisor()
        let answer = try site.ask("POST", "/projects", ["name": "demo"])
        #expect(answer.status == 503)
        #expect(answer.body["code"] == "cluster.supervisor_unreachable")
        let id = try #require(try site.ask("GET", "/projects/demo").body["id"]?.string)
        #expect(answer.body["error"]?.string?.contains(id) == true)
        site.orders = []
        try site.startSupervisor()
        try site.loop.turn(until: !site.orders.isEmpty)
        #expect(site.orders == ["ALL \(id)"])
    }

    @Test func `tells a supervisor that was started anew of all projects, without asking now and then`() throws {
        let ids = try ["a", "b"].map { try site.create($0).id }
        try site.settle()
        #expect(site.loop.timers.next == nil)
        try site.stopSupervisor()
        site.orders = []
        try site.startSupervisor()
        try site.loop.turn(until: !site.orders.isEmpty)
        #expect(site.orders == ["ALL \(ids.joined(separator: ","))"])
    }

    @Test func `tries a deletion again until the supervisor has ended the processes`() throws {
        let project = try site.create("demo")
        var refusals = 3
        site.supervise = { request, responder in
            guard request.methodName == "DELETE", refusals > 0 else { return responder.send(.empty()) }
            refusals -= 1
            responder.send(Fault(503, "cluster.starting", "Not yet.", party: .cluster))
        }
        #expect(try site.ask("DELETE", "/projects/\(project.id)").status == 200)
        #expect(site.orders.filter { $0.hasPrefix("DELETE") }.count == 4)
    }

    @Test func `passes the supervisor's reason on when it refuses a project`() throws {
        site.supervise = { request, responder in
            guard request.segments.count == 2 else { return responder.send(.empty()) }
            responder.send(Fault(409, "project.withdrawn", "It is gone for good.", party: .client))
        }
        let answer = try site.ask("POST", "/projects", ["name": "demo"])
        #expect(answer.status == 503)
        #expect(answer.body["code"] == "project.withdrawn")
    }

    @Test func `refuses a change when the disk is full, and keeps what was`() throws {
        let project = try site.create("demo")
        // What stands in the way of the new snapshot stands for a disk without room: opening it fails.
        mkdir(site.paths.data + "/keys.table.new", 0o700)
        for (method, target) in [("POST", "/projects/demo/keys/rotate"), ("DELETE", "/projects/demo")]
            as [(StaticString, String)]
        {
            #expect(try site.ask(method, target).status == 500)
        }
        #expect(try site.ask("POST", "/projects", ["name": "other"]).status == 500)
        rmdir(site.paths.data + "/keys.table.new")
        let shown = try site.ask("GET", "/projects/demo").body
        #expect(shown["public_api_key"]?.string == project.key)
        #expect(shown["state"] == "active")
        #expect(try site.ask("GET", "/projects").body["projects"]?.array?.count == 1)
        #expect(try site.snapshot() == [project.id: project.key])
        try site.create("other")
        #expect(PlatformService.fault(SystemError("write", code: ENOSPC)).status == 507)
    }

    @Test func `does not open a registry of a newer program`() throws {
        try site.drain()
        let connection = try Connection(path: site.paths.data + "/" + Registry.fileName)
        try connection.execute("PRAGMA user_version=99")
        connection.close()
        #expect(throws: Migrations.TooNew.self) { try site.start() }
    }
}
