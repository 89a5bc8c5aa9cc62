import Log
import Testing

@Suite struct LogReaderTests {
    private static let settings = LogSettings(segmentBytesMin: 4096, segmentBytesMax: 4096)

    private static func log(records: Int) throws -> DurableLog {
        let log = try DurableLog(directory: "/d", settings: settings, disk: SimulatedDisk())
        for number in 0..<records {
            try log.append("\(number) " + String(repeating: "x", count: 500))
            if number % 3 == 2 { try log.commit() }
        }
        try log.commit()
        return log
    }

    private static func numbers(_ reader: LogReader) throws -> [UInt64] {
        var numbers: [UInt64] = []
        while try reader.read({ numbers.append($0.offset.number) }) {}
        return numbers
    }

    @Test(arguments: [0, 1, 2, 6, 7, 20, 29, 30])
    func `begins at any offset, also within a batch`(start: UInt64) throws {
        let log = try Self.log(records: 30)
        #expect(try Self.numbers(LogReader(log, from: Offset(start))) == Array(start..<30))
    }

    @Test func `follows as the log grows, and gives nothing that is not durable`() throws {
        let log = try Self.log(records: 0)
        let reader = LogReader(log, from: .zero)
        #expect(try Self.numbers(reader).isEmpty)
        for number in UInt64(0)..<40 {
            try log.append(String(repeating: "y", count: 300))
            #expect(try Self.numbers(reader).isEmpty)
            try log.commit()
            #expect(try Self.numbers(reader) == [number])
        }
    }

    @Test func `stops after as many bytes as asked for, and goes on`() throws {
        let log = try Self.log(records: 30)
        let reader = LogReader(log, from: .zero)
        var numbers: [UInt64] = []
        var rounds = 0
        while try reader.read(bytesMax: 1, { numbers.append($0.offset.number) }) { rounds += 1 }
        #expect(numbers == Array(0..<30))
        #expect(rounds >= 9)
    }

    @Test func `says so when what it wants next was trimmed`() throws {
        let log = try Self.log(records: 30)
        let behind = LogReader(log, from: Offset(1))
        let ahead = LogReader(log, from: Offset(29))
        let partial = LogReader(log, from: .zero)
        _ = try partial.read(bytesMax: 1) { _ in }
        try log.trim(below: Offset(20))
        #expect(log.first > .zero)
        #expect(log.first <= Offset(20))
        #expect(throws: LogFailure.trimmed(first: log.first)) { try Self.numbers(behind) }
        #expect(throws: LogFailure.trimmed(first: log.first)) { try Self.numbers(partial) }
        #expect(try Self.numbers(ahead) == [29])
        let again = LogReader(log, from: log.first)
        #expect(try Self.numbers(again) == Array(log.first.number..<30))
    }

    @Test func `a trim of everything leaves one small segment and the offset`() throws {
        let disk = SimulatedDisk()
        let settings = LogSettings(segmentBytesMin: 4096, segmentBytesMax: 65536)
        let log = try DurableLog(directory: "/d", settings: settings, disk: disk)
        for _ in 0..<100 {
            try log.append([UInt8](repeating: 1, count: 1000))
            try log.commit()
        }
        let follower = LogReader(log, from: log.end)
        try log.trim(below: log.end)
        #expect(log.bytes == 4096)
        #expect(log.first == Offset(100))
        try log.append("after")
        try log.commit()
        #expect(try Self.numbers(follower) == [100])
        #expect(disk.files.filter { $0.hasSuffix(".log") }.count == 1)
    }

    @Test func `goes on behind a record that its reader could not take`() throws {
        struct Refused: Error {}
        let log = try Self.log(records: 9)
        let reader = LogReader(log, from: .zero)
        #expect(throws: Refused.self) { try reader.read { _ in throw Refused() } }
        #expect(try Self.numbers(reader) == Array(3..<9))
    }
}
