import Linux
import Log
import Testing

@Suite struct GroupCommitTests {
    private static func append(_ text: String, to commit: GroupCommit) throws {
        _ = try Array(text.utf8).withUnsafeBytes { bytes throws in try commit.append(kind: 1, time: 0, bytes) }
    }

    @Test(arguments: [GroupCommit.Place.loop, .thread, .adaptive])
    func `one sync for all that one batch of events appends, and callbacks in order`(place: GroupCommit.Place) throws {
        let disk = SimulatedDisk()
        let loop = try EventLoop()
        let log = try DurableLog(directory: "/d", disk: disk)
        let commit = GroupCommit(log, on: loop, place: place) { Issue.record($0) }
        try Self.append("to make the first segment", to: commit)
        while log.durable < log.end { try loop.turn(wait: .seconds(5)) }
        let calls = disk.calls
        var told: [Int] = []
        for number in 0..<10 {
            try Self.append("\(number)", to: commit)
            commit.whenDurable(below: log.end) { told.append(number) }
        }
        // A read that depends on all of them.
        commit.whenDurable(below: log.end) { told.append(10) }
        #expect(told.isEmpty)
        while told.count < 11 { try loop.turn(wait: .seconds(5)) }
        #expect(told == Array(0...10))
        #expect(disk.calls == calls + 2)
        commit.whenDurable(below: log.end) { told.append(11) }
        #expect(told.last == 11)
    }

    @Test func `what is appended while a commit is under way goes with the next`() throws {
        let loop = try EventLoop()
        let log = try DurableLog(directory: "/d", disk: SimulatedDisk())
        let commit = GroupCommit(log, on: loop, place: .thread) { Issue.record($0) }
        var told: [String] = []
        try Self.append("first", to: commit)
        commit.whenDurable(below: log.end) {
            told.append("first")
            try? Self.append("third", to: commit)
            commit.whenDurable(below: log.end) { told.append("third") }
        }
        try loop.turn(wait: .zero)
        try Self.append("second", to: commit)
        commit.whenDurable(below: log.end) { told.append("second") }
        while told.count < 3 { try loop.turn(wait: .seconds(5)) }
        #expect(told == ["first", "second", "third"])
        #expect(try log.texts() == told)
    }

    @Test(arguments: [GroupCommit.Place.loop, .thread])
    func `a failed sync is told once, and nobody is told that it went well`(place: GroupCommit.Place) throws {
        let disk = SimulatedDisk()
        let loop = try EventLoop()
        let log = try DurableLog(directory: "/d", disk: disk)
        var failures: [LogFailure] = []
        let commit = GroupCommit(log, on: loop, place: place) { failures.append($0) }
        disk.failure = { call, _ in call == .sync ? 5 : nil }
        try Self.append("one", to: commit)
        commit.whenDurable(below: log.end) { Issue.record("acknowledged what is not on the disk") }
        while failures.isEmpty { try loop.turn(wait: .seconds(5)) }
        #expect(failures == [.broken(SystemError("sync", code: 5))])
        #expect(throws: LogFailure.broken(SystemError("sync", code: 5))) { try Self.append("two", to: commit) }
        for _ in 0..<3 { try loop.turn(wait: .zero) }
        #expect(failures.count == 1)
    }
}
