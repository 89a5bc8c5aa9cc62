import Contracts
import JSON
import Linux
import PlatformShell
import SQL
import Testing

/// What fronts are told.
struct KeyServerTests {
    let site: Site

    init() throws {
        site = try Site()
        try site.startSupervisor()
        try site.start()
    }

    @Test func `gives a front the table, then each change, before the operator has his answer`() throws {
        let first = try site.create("first")
        let front = try Front(site)
        try site.loop.turn(until: front.isSynced)
        #expect(front.isWhole == true)
        #expect(front.keys == [first.id: first.key])
        let second = try site.create("second")
        #expect(front.keys == [first.id: first.key, second.id: second.key])
        let rotated = try site.ask("POST", "/projects/second/keys/rotate").body
        #expect(rotated["fronts_updated"] == true)
        #expect(front.keys[second.id] == rotated["public_api_key"]?.string)
        #expect(try site.ask("DELETE", "/projects/first").status == 200)
        #expect(front.keys.keys.sorted() == [second.id])
    }

    @Test func `gives a front that comes back only what has changed`() throws {
        let first = try site.create("first")
        var front = try Front(site)
        try site.loop.turn(until: front.isSynced)
        let known = front.version
        front.leave()
        let second = try site.create("second")
        front = try Front(site, known: known)
        try site.loop.turn(until: front.isSynced)
        #expect(front.isWhole == false)
        #expect(front.keys == [second.id: second.key])
        front.leave()
        front = try Front(site, known: known + 1_000)
        try site.loop.turn(until: front.isSynced)
        #expect(front.isWhole == true)
        #expect(front.keys == [first.id: first.key, second.id: second.key])
    }

    @Test func `says so when a front has not seen a rotated key in time`() throws {
        site.settings.frontsWait = .milliseconds(30)
        try site.start()
        try site.create("demo")
        let front = try Front(site)
        front.acknowledges = false
        try site.loop.turn(until: front.isSynced)
        #expect(try site.ask("POST", "/projects/demo/keys/rotate").body["fronts_updated"] == false)
    }

    @Test func `waits for a front that was away while a key was rotated`() throws {
        site.settings.frontsWait = .seconds(20)
        try site.start()
        try site.create("demo")
        let silent = try Front(site)
        silent.acknowledges = false
        try site.loop.turn(until: silent.isSynced)
        var isDone = false
        site.begin("POST", "/projects/demo/keys/rotate") { _ in isDone = true }
        let version = silent.version
        try site.loop.turn(until: silent.version > version)
        silent.leave()
        try site.loop.turn(wait: .milliseconds(20))
        #expect(!isDone)
        let back = try Front(site, known: version)
        try site.loop.turn(until: isDone)
        #expect(back.version > version)
    }

    @Test func `sends a table of thousands of projects to a front that reads slowly`() throws {
        try site.drain()
        let connection = try Connection(path: site.paths.data + "/" + Registry.fileName)
        try connection.execute(
            """
            WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 3000)
            INSERT INTO project (id, name, slug, key, state, created, updated, version)
            SELECT 'p' || n, 'p', 's' || n, 'pk_' || printf('%032x', n), 'active', 0, 0, n FROM number;
            UPDATE key_table SET version = 3000;
            """)
        connection.close()
        try site.start()
        let front = try Front(site)
        try site.loop.turn(until: front.isSynced)
        #expect(front.keys.count == 3_000)
        #expect(front.isConnected)
    }

    @Test func `closes a front that speaks another version`() throws {
        let front = try Front(site, protocolVersion: 99)
        try site.loop.turn(until: !front.isConnected)
        #expect(front.isWhole == nil)
    }
}
