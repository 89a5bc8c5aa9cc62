import BundocEngine
import Foundation
import JSON
import Linux
import Support
import Testing
import Trial

/// The real process is killed again and again; what it had acknowledged must be there, and nothing that nobody sent.
@Suite(.serialized) struct CrashTests {
    let scratch = Scratch()

    /// What a client knows of one document: the last value that was acknowledged, and one that may be there or not.
    struct Known {
        var acknowledged: Int?
        var uncertain: Int?

        /// Nil stands for no document.
        func admits(_ value: Int?) -> Bool {
            value == acknowledged || uncertain != nil && value == uncertain
        }
    }

    /// One client's writes on its own documents; ends with the first that gets no answer.
    // SAFETY: used by its own thread, then by the test that has joined it.
    final class Writer: @unchecked Sendable {
        let number: Int
        var known: [String: Known] = [:]
        var next = 0

        init(_ number: Int) { self.number = number }

        func run(_ port: UInt16) {
            guard let connection = try? BlockingConnection(.port(port), patience: .seconds(60)) else { return }
            while true {
                next += 1
                let id = "w\(number)-\(next % 7)"
                known[id, default: Known()].uncertain = next
                let body = Array(#"{"value":\#(next)}"#.utf8)
                guard
                    let answer = try? connection.exchange(
                        "PUT", RunningBundoc.path("documents/a/\(id)"), body: body)
                else { return }
                guard (200...201).contains(answer.status) else { return }
                known[id] = Known(acknowledged: next, uncertain: nil)
            }
        }
    }

    /// Starts the writers, each on a thread of its own.
    private func start(_ writers: [Writer], _ port: UInt16) -> DispatchGroup {
        let running = DispatchGroup()
        for writer in writers {
            running.enter()
            Thread.detachNewThread {
                writer.run(port)
                running.leave()
            }
        }
        return running
    }

    /// Compares what is there with what the writers know, and makes it known.
    private func check(_ writers: [Writer], _ bundoc: RunningBundoc, _ when: String) throws {
        let connection = try bundoc.connect()
        let list = try connection.exchange("GET", RunningBundoc.path("documents/a?limit=0"))
        var stored: [String: Int] = [:]
        for document in list.json["documents"]?.array ?? [] {
            stored[document["_id"]?.string ?? "?"] = document["value"]?.int ?? -1
        }
        for writer in writers {
            for (id, known) in writer.known {
                let value = stored.removeValue(forKey: id)
                #expect(known.admits(value), "\(when): \(id) is \(value ?? 0), known \(known)")
                writer.known[id] = Known(acknowledged: value, uncertain: nil)
            }
        }
        #expect(stored.isEmpty, "\(when): nobody wrote \(stored)")
    }

    @Test func `loses nothing acknowledged and invents nothing, killed at any moment`() throws {
        let bundoc = try RunningBundoc(data: scratch.path)
        let writers = (0..<4).map { Writer($0) }
        var random = SplitMix64(seed: 7)
        for round in 1...8 {
            let running = start(writers, bundoc.port)
            let connection = try bundoc.connect()
            // Reads pass the time until the kill: how many, the seed says.
            for _ in 0..<Int.random(in: 1...25, using: &random) {
                _ = try connection.exchange("GET", RunningBundoc.path("collections"))
            }
            bundoc.signal(SIGKILL)
            bundoc.end()
            connection.close()
            running.wait()
            try bundoc.restart()
            try check(writers, bundoc, "round \(round)")
        }
        #expect(writers.allSatisfy { $0.next > 8 }, "every writer has written in most rounds")
    }

    @Test(arguments: Step.allCases)
    func `comes back whole when it ends at each step`(step: Step) throws {
        let bundoc = try RunningBundoc(data: scratch.path)
        let writer = Writer(0)
        for passing in [1, 3] {
            bundoc.signal(SIGKILL)
            bundoc.end()
            try bundoc.restart(failpoint: "\(step.rawValue):\(passing)")
            let running: DispatchGroup
            switch step {
            case .checkpointed, .trimmed:
                // Both come with an orderly end.
                running = DispatchGroup()
                _ = try bundoc.connect().exchange("PUT", RunningBundoc.path("documents/a/once"), body: Array("{}".utf8))
                _ = try bundoc.connect().exchange("DELETE", RunningBundoc.path("documents/a/once"))
                bundoc.signal(SIGTERM)
            default: running = start([writer], bundoc.port)
            }
            let exit = try #require(bundoc.end())
            let isKilled = exit.cause == .signal(SIGKILL, dumpedCore: false)
            #expect(isKilled || passing == 3 && exit.cause == .code(0), "\(exit)")
            running.wait()
            try bundoc.restart()
            try check([writer], bundoc, "\(step), \(passing)")
        }
    }

    @Test func `answers what is under way and ends orderly on SIGTERM`() throws {
        let bundoc = try RunningBundoc(data: scratch.path)
        let writers = (0..<2).map { Writer($0) }
        let running = start(writers, bundoc.port)
        let connection = try bundoc.connect()
        for _ in 0..<50 { _ = try connection.exchange("GET", RunningBundoc.path("collections")) }
        connection.close()
        bundoc.signal(SIGTERM)
        #expect(bundoc.end()?.cause == .code(0))
        running.wait()
        #expect(scratch.bytes(of: "documents.db-wal") == 0)
        try bundoc.restart()
        try check(writers, bundoc, "after the end")
    }

    @Test func `keeps what it has when its files may not grow`() throws {
        let bundoc = try RunningBundoc(data: scratch.path, limits: [ResourceLimit(.fileSize, 1 << 20)])
        let created = try fill(bundoc)
        bundoc.signal(SIGKILL)
        bundoc.end()
        try bundoc.restart()
        let connection = try bundoc.connect()
        // A write that was kept without being visible yet may be there too.
        #expect((created...created + 1).contains(try count(connection)))
        let again = try connection.exchange("PUT", RunningBundoc.path("documents/a/again"), body: Self.large)
        #expect(again.status == 201)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
    func `keeps what it has on a full disk, and deletes what it is told to`() throws {
        let disk = try SmallDisk(at: scratch.path, bytes: 3 << 20)
        let bundoc = try RunningBundoc(data: scratch.path)
        let before = try fill(bundoc)
        let connection = try bundoc.connect()
        #expect((before...before + 1).contains(try count(connection)))
        for id in 0..<before {
            let answer = try connection.exchange("DELETE", RunningBundoc.path("documents/a/\(id)"))
            #expect(answer.status == 204, "\(id): \(answer.text)")
        }
        #expect(try count(connection) <= 1)
        // What was freed can be used again.
        #expect(try fill(bundoc) > before / 2)
        let full = try count(connection)
        bundoc.signal(SIGKILL)
        bundoc.end()
        try bundoc.restart()
        #expect(try count(try bundoc.connect()) == full)
        bundoc.signal(SIGTERM)
        #expect(bundoc.end()?.cause == .code(0))
        withExtendedLifetime(disk) {}
    }

    static let large = Array(#"{"f":"\#(String(repeating: "x", count: 30_000))"}"#.utf8)

    /// Writes until that is refused, as it must be for want of room; how many documents were acknowledged.
    private func fill(_ bundoc: RunningBundoc) throws -> Int {
        let connection = try bundoc.connect()
        for number in 0..<300 {
            let path = RunningBundoc.path("documents/a/\(number)")
            let answer = try connection.exchange("PUT", path, body: Self.large)
            if answer.status == 201 { continue }
            let code = answer.json["code"]?.string
            #expect((answer.status, code) == (507, "storage.full") || (answer.status, code) == (503, "storage.behind"))
            #expect(number > 5)
            return number
        }
        Issue.record("never refused")
        return 0
    }

    private func count(_ connection: BlockingConnection) throws -> Int {
        let list = try connection.exchange("GET", RunningBundoc.path("documents/a?fields=_id&limit=0"))
        return try #require(list.json["documents"]?.array?.count)
    }
}
