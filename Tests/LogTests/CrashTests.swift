import Linux
import Log
import Support
import Testing

/// The promise: after a crash at any moment, everything that was durable is there, and nothing that never was.
@Suite struct CrashTests {
    private static let settings = LogSettings(segmentBytesMin: 4096, segmentBytesMax: 16384, recordBytesMax: 20000)

    /// A log in use, and what must be true of it.
    private final class Trial {
        let disk = SimulatedDisk()
        var log: DurableLog?
        var random: SplitMix64
        /// All that was ever accepted since the last opening found the end, by offset.
        var accepted: [[UInt8]] = []
        var durable = 0
        /// What a caller may have lost by trimming.
        var trimmed = 0
        /// The state that each snapshot holds: the number of records that it covers.
        var story = ""

        init(seed: UInt64) { random = SplitMix64(seed: seed) }

        func open() throws {
            let log = try DurableLog(directory: "/d", settings: CrashTests.settings, disk: disk)
            self.log = log
            let end = Int(log.end.number)
            #expect(end >= durable, "lost records: \(story)")
            #expect(end <= accepted.count, "records out of nowhere: \(story)")
            guard end >= durable, end <= accepted.count else { return }
            accepted.removeLast(accepted.count - end)
            durable = end
            try check()
        }

        func check() throws {
            guard let log else { return }
            let first = Int(log.first.number)
            #expect(first <= trimmed, "trimmed too much: \(story)")
            let records = try log.records(from: log.first)
            #expect(records.map(\.bytes) == Array(accepted[first..<durable]), "other records: \(story)")
            var snapshotted: [UInt8] = []
            var replayed: [[UInt8]] = []
            try log.replay { record in
                let bytes = Array(record.effect)
                if record.kind == 9 { snapshotted = bytes } else { replayed.append(bytes) }
            }
            let covered = Int(log.snapshot?.number ?? 0)
            #expect(snapshotted == Array("\(covered)".utf8) || covered == 0, "another snapshot: \(story)")
            #expect(replayed == Array(accepted[covered..<durable]), "another replay: \(story)")
        }

        func step() throws {
            guard let log else { return try open() }
            switch Int.random(in: 0..<20, using: &random) {
            case 0...9:
                let large = Int.random(in: 0..<20, using: &random) == 0
                let length = Int.random(in: 0...(large ? 19000 : 1500), using: &random)
                let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                story += " append(\(length))"
                try log.append(bytes)
                accepted.append(bytes)
            case 10...14:
                story += " commit"
                try log.commit()
                durable = accepted.count
            case 15:
                guard log.end == log.durable, log.end > .zero else { return }
                story += " snapshot"
                let writer = try SnapshotWriter(log, covering: log.durable)
                try Array("\(durable)".utf8).withUnsafeBytes { bytes throws in
                    try writer.append(kind: 9, time: 0, bytes)
                }
                // Once the writer's file has its name the snapshot counts, acknowledged or not.
                try writer.finish()
            case 16:
                guard let snapshot = log.snapshot else { return }
                story += " trim"
                trimmed = max(trimmed, Int(snapshot.number))
                try log.trim(below: snapshot)
            case 17:
                story += " close"
                try log.close()
                durable = accepted.count
                self.log = nil
            default:
                story += " check"
                try check()
            }
        }

        func crash() {
            story += " crash"
            disk.failure = { _, _ in nil }
            log = nil
            disk.crash(&random)
        }
    }

    @Test(arguments: 0..<150)
    func `holds under any mix of work and crashes`(seed: Int) throws {
        let trial = Trial(seed: UInt64(seed))
        if seed % 3 == 0 { trial.disk.writeBytesMax = 700 }
        try trial.open()
        for _ in 0..<120 {
            if Int.random(in: 0..<15, using: &trial.random) == 0 {
                // The crash comes at one of the next calls to the disk.
                let last = trial.disk.calls + Int.random(in: 0..<8, using: &trial.random)
                trial.disk.failure = { _, call in call >= last ? 5 : nil }
                do {
                    for _ in 0..<12 { try trial.step() }
                } catch is LogFailure {}
                trial.crash()
                try trial.open()
            } else {
                try trial.step()
            }
        }
        try trial.check()
    }

    @Test func `a failed sync is never repaired by another`() throws {
        let disk = SimulatedDisk()
        let log = try DurableLog(directory: "/d", settings: Self.settings, disk: disk)
        try log.append("kept")
        try log.commit()
        try log.append("uncertain")
        disk.failure = { call, _ in call == .sync ? 5 : nil }
        #expect(throws: LogFailure.broken(SystemError("sync", code: 5))) { try log.commit() }
        disk.failure = { _, _ in nil }
        let calls = disk.calls
        #expect(throws: LogFailure.broken(SystemError("sync", code: 5))) { try log.commit() }
        #expect(throws: LogFailure.broken(SystemError("sync", code: 5))) { try log.append("more") }
        #expect(disk.calls == calls)
        #expect(log.durable == Offset(1))
        #expect(try log.texts() == ["kept"])
    }

    @Test func `a failed write is fatal, too`() throws {
        let disk = SimulatedDisk()
        let log = try DurableLog(directory: "/d", settings: Self.settings, disk: disk)
        try log.append("one")
        disk.failure = { call, _ in call == .write ? 5 : nil }
        #expect(throws: LogFailure.self) { try log.commit() }
        disk.failure = { _, _ in nil }
        #expect(throws: LogFailure.broken(SystemError("write", code: 5))) { try log.append("two") }
    }

    @Test func `a snapshot that fails leaves the log and the former snapshot as they were`() throws {
        let disk = SimulatedDisk()
        let log = try DurableLog(directory: "/d", settings: Self.settings, disk: disk)
        try log.append("one")
        try log.commit()
        try SnapshotWriter(log, covering: Offset(1)).finish()
        try log.append("two")
        try log.commit()
        let writer = try SnapshotWriter(log, covering: Offset(2))
        disk.failure = { call, _ in call == .sync ? 5 : nil }
        #expect(throws: LogFailure.self) { try writer.finish() }
        disk.failure = { _, _ in nil }
        #expect(log.snapshot == Offset(1))
        #expect(!disk.files.contains { $0.hasSuffix(".tmp") })
        try log.append("three")
        try log.commit()
        #expect(try log.texts() == ["one", "two", "three"])
    }
}
