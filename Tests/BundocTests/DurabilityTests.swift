import BundocEngine
import Documents
import JSON
import Linux
import Log
import Nouns
import SQL
import Testing

@Suite struct DurabilityTests {
    let scratch = Scratch()

    private func store() throws -> Connection { try Connection(path: scratch.path + "/documents.db") }

    @Test func `finds everything after an orderly end, and needs nothing of the log`() throws {
        do {
            let harness = try EngineHarness(scratch)
            for id in 1...20 { try harness.request("PUT", "documents/a/\(id)", #"{"n":\#(id)}"#) }
            try harness.engine.close()
        }
        #expect(scratch.bytes(of: "documents.db-wal") == 0)
        do {
            #expect(try store().first("SELECT count(*) FROM documents") == 20)
        }
        let next = try EngineHarness(scratch)
        #expect(try next.request("GET", "documents/a/20").json["n"] == 20)
    }

    @Test func `applies what the store lacks of the log`() throws {
        var harness: EngineHarness? = try EngineHarness(scratch)
        for id in 1...5 { try harness?.request("PUT", "documents/a/\(id)", #"{"n":\#(id)}"#) }
        try harness?.engine.close()
        harness = nil
        // The store as a power loss can leave it: older than the log.
        try FileCopy.copy("\(scratch.path)/documents.db", to: "\(scratch.path)/before")
        harness = try EngineHarness(scratch)
        try harness?.request("PATCH", "documents/a/1", #"{"n":"changed"}"#)
        try harness?.request("DELETE", "documents/a/2")
        try harness?.request("PUT", "documents/b/1")
        let last = try harness?.request("PUT", "documents/a/9").revision
        harness = nil
        try FileCopy.copy("\(scratch.path)/before", to: "\(scratch.path)/documents.db")
        try FileCopy.empty("\(scratch.path)/documents.db-wal")

        let recovered = try EngineHarness(scratch)
        #expect(try recovered.request("GET", "documents/a/1").json["n"] == "changed")
        #expect(try recovered.request("GET", "documents/a").json["documents"]?.array?.count == 5)
        #expect(try recovered.request("GET", "collections").text == #"{"collections":["a","b"]}"#)
        #expect(try recovered.request("GET", "documents/a/9").revision == last)
    }

    @Test func `refuses a store that is ahead of its log`() throws {
        var harness: EngineHarness? = try EngineHarness(scratch)
        try harness?.request("PUT", "documents/a/1")
        try harness?.engine.close()
        harness = nil
        try FileCopy.removeAll(in: "\(scratch.path)/log")
        #expect(throws: Engine.Disagreement.self) { try EngineHarness(scratch) }
    }

    @Test func `refuses a record that it cannot read`() throws {
        let log = try DurableLog(directory: try FileCopy.makeDirectory("\(scratch.path)/log"))
        let bytes: [UInt8] = [99]
        _ = try bytes.withUnsafeBytes { try log.append(kind: 1, time: 0, $0) }
        try log.close()
        withExtendedLifetime(log) {}
        #expect(throws: (any Error).self) { try EngineHarness(scratch) }
    }

    @Test func `refuses a directory that another process serves`() throws {
        let harness = try EngineHarness(scratch)
        #expect(throws: LogFailure.inUse(directory: "\(scratch.path)/log")) { try EngineHarness(scratch) }
        withExtendedLifetime(harness) {}
    }

    @Test func `answers nobody when a sync fails`() throws {
        let disk = FaultyDisk()
        let harness = try EngineHarness(scratch, disk: disk)
        try harness.request("PUT", "documents/a/1", #"{"v":"old"}"#)
        disk.isBroken = true
        let results = try harness.batch([
            harness.operation("PUT", "documents/a/1", #"{"v":"new"}"#), harness.operation("GET", "documents/a/1"),
        ])
        #expect(results.allSatisfy { $0 == nil })
        #expect(harness.failures.count == 1)
    }

    @Test func `takes deletes, and nothing else, when the log has no room`() throws {
        let disk = FaultyDisk()
        let harness = try EngineHarness(scratch, disk: disk)
        let filling = String(repeating: "x", count: 20_000)
        disk.isFull = false
        for id in 1...2 { try harness.request("PUT", "documents/a/\(id)", #"{"f":"\#(filling)"}"#) }
        disk.isFull = true
        func code(_ method: String, _ path: String, _ body: String = "{}") throws -> String? {
            try harness.batch([harness.operation(method, path, body)])[0]?.summary
        }
        // The segment that is there has some room left.
        var created = 2
        while try code("PUT", "documents/a/\(created + 1)", #"{"f":"\#(filling)"}"#) == "201" { created += 1 }
        #expect(created < 5)
        #expect(try code("POST", "documents/a", #"{"f":"\#(filling)"}"#) == "507 storage.full")
        #expect(try harness.request("GET", "documents/a").json["documents"]?.array?.count == created)
        for id in 1...created { #expect(try code("DELETE", "documents/a/\(id)") == "204") }
        disk.isFull = false
        #expect(try code("PUT", "documents/a/new", #"{"f":"\#(filling)"}"#) == "201")
        #expect(try harness.request("GET", "documents/a").json["documents"]?.array?.count == 1)
    }

    @Test func `refuses writes beyond what the project may take, and takes them again behind deletes`() throws {
        var settings = EngineSettings()
        settings.diskBytesMax = 1 << 20
        let harness = try EngineHarness(scratch, settings: settings)
        let filling = String(repeating: "x", count: 50_000)
        func put(_ id: Int) throws -> String? {
            try harness.batch([harness.operation("PUT", "documents/a/\(id)", #"{"f":"\#(filling)"}"#)])[0]?.summary
        }
        var created = 0
        while created < 100, try put(created) == "201" { created += 1 }
        #expect((10...21).contains(created))
        #expect(try put(created) == "507 storage.full")
        #expect(try harness.request("GET", "documents/a?limit=0").json["documents"]?.array?.count == created)
        for id in 0..<created { try harness.request("DELETE", "documents/a/\(id)") }
        for id in 0..<created / 2 { #expect(try put(id) == "201") }
    }

    @Test func `moves the store's log into its file and trims the log as they grow`() throws {
        var settings = EngineSettings()
        settings.logBytesMax = 1 << 20
        let harness = try EngineHarness(scratch, settings: settings)
        let filling = String(repeating: "x", count: 50_000)
        for id in 1...200 { try harness.request("PUT", "documents/a/\(id)", #"{"f":"\#(filling)"}"#) }
        #expect(harness.stepCount(.checkpointed) > 0)
        #expect(harness.stepCount(.trimmed) > 0)
        let wal = try #require(scratch.bytes(of: "documents.db-wal"))
        #expect(wal < 6 << 20, "as large as it is between two checkpoints")
        #expect(try harness.request("GET", "documents/a?fields=_id&limit=0").json["documents"]?.array?.count == 200)
    }

    @Test func `removes the documents of dropped collections in time`() throws {
        let harness = try EngineHarness(scratch)
        for start in 0..<12 {
            _ = try harness.batch((0..<100).map { try harness.operation("PUT", "documents/d/\(start * 100 + $0)") })
        }
        try harness.request("PUT", "documents/kept/1")
        try harness.request("DELETE", "collections/d")
        // 1,200 documents go in three steps, each on a turn of its own; a new engine goes on where one stopped.
        #expect(try harness.turn { scratch.bytes(of: "log") != nil && harness.isIdle })
        try harness.engine.close()
        #expect(try store().first("SELECT count(*) FROM documents") == 1)
    }
}

extension EngineHarness {
    /// Nothing but the idle timer is left to do.
    var isIdle: Bool { loop.timers.count <= 1 }
}
