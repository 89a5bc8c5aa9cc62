import Log
import Testing

/// What a log does when there is no room.
@Suite struct RoomTests {
    private static let settings = LogSettings(segmentBytesMin: 4096, segmentBytesMax: 8192, recordBytesMax: 5000)

    /// Appends until the log refuses; how many were accepted.
    private static func fill(_ log: DurableLog) throws -> Int {
        for count in 0... {
            do {
                try log.append([UInt8](repeating: 1, count: 1000))
                try log.commit()
            } catch LogFailure.full {
                return count
            }
        }
        return 0
    }

    @Test func `a full disk refuses before anything is accepted, and keeps what was`() throws {
        let disk = SimulatedDisk()
        disk.room = 30_000
        let log = try DurableLog(directory: "/d", settings: Self.settings, disk: disk)
        let count = try Self.fill(log)
        #expect(count > 15)
        #expect(log.end == Offset(UInt64(count)))
        #expect(!disk.files.contains { $0.hasSuffix(".tmp") })
        #expect(throws: LogFailure.full) { try log.append([UInt8](repeating: 1, count: 1000)) }
        #expect(try log.records().count == count)
        // What still fits into the last segment is taken.
        try log.append("short")
        try log.commit()
        #expect(try log.records().count == count + 1)
    }

    @Test func `deletes go on in the reserve, and trimming makes room again`() throws {
        let disk = SimulatedDisk()
        disk.room = 30_000
        let log = try DurableLog(directory: "/d", settings: Self.settings, disk: disk)
        _ = try Self.fill(log)
        #expect(disk.files.contains("reserve"))
        var deletes = 0
        while true {
            do {
                try log.append([UInt8](repeating: 2, count: 100), for: .freesRoom)
                try log.commit()
                deletes += 1
            } catch LogFailure.full {
                break
            }
        }
        #expect(deletes > 4096 / 200)
        #expect(!disk.files.contains("reserve"))
        let end = log.end
        try SnapshotWriter(log, covering: end).finish()
        try log.trim(below: end)
        try log.append([UInt8](repeating: 3, count: 1000))
        try log.commit()
        #expect(disk.files.contains("reserve"))
        #expect(log.durable == end.next)
    }

    @Test func `the log's own limit counts like the disk's`() throws {
        var settings = Self.settings
        settings.bytesMax = 20_000
        let log = try DurableLog(directory: "/d", settings: settings, disk: SimulatedDisk())
        let count = try Self.fill(log)
        #expect((10...20).contains(count))
        #expect(log.bytes <= 20_000)
    }

    @Test func `a record over the limit is refused, one at the limit is taken`() throws {
        let log = try DurableLog(directory: "/d", settings: Self.settings, disk: SimulatedDisk())
        #expect(throws: LogFailure.tooLarge(bytes: 5001, bytesMax: 5000)) {
            try log.append([UInt8](repeating: 1, count: 5001))
        }
        try log.append([UInt8](repeating: 1, count: 5000))
        try log.commit()
        #expect(try log.records().map(\.bytes.count) == [5000])
    }

    @Test func `segments grow from small to large`() throws {
        let disk = SimulatedDisk()
        let log = try DurableLog(
            directory: "/d", settings: LogSettings(segmentBytesMin: 4096, segmentBytesMax: 16384), disk: disk)
        for _ in 0..<40 {
            try log.append([UInt8](repeating: 1, count: 1000))
            try log.commit()
        }
        let sizes = disk.files.filter { $0.hasSuffix(".log") }.map { disk[$0]!.count }
        #expect(sizes == [4096, 8192, 16384, 16384])
    }

    @Test func `two processes cannot have the same log`() throws {
        let scratch = try Scratch()
        let first = try DurableLog(directory: scratch.path)
        #expect(throws: LogFailure.inUse(directory: scratch.path)) { try DurableLog(directory: scratch.path) }
        try first.append("mine")
        try first.commit()
    }
}
