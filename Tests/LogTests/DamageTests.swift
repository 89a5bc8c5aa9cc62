import Log
import Testing

/// What recovery makes of files that are not as they were written.
@Suite struct DamageTests {
    private static let settings = LogSettings(segmentBytesMin: 4096, segmentBytesMax: 4096)
    private static let name = "0000000000000000.log"

    /// Three batches of one, two and one record in one segment.
    private static func smallLog(closed: Bool) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let log = try DurableLog(directory: "/d", settings: settings, disk: disk)
        try log.append("one")
        try log.commit()
        try log.append("two")
        try log.append("three")
        try log.commit()
        try log.append("four")
        try log.commit()
        if closed { try log.close() }
        return disk
    }

    private static let whole = ["one", "two", "three", "four"]

    /// What opening and reading a file with that content gives.
    private static func outcome(_ content: [UInt8]) -> Result<[String], LogFailure> {
        let disk = SimulatedDisk()
        disk[name] = content
        do {
            let log = try DurableLog(directory: "/d", settings: settings, disk: disk)
            let texts = try log.texts()
            // The log can be used, and what it then holds is there the next time.
            try log.append("after")
            try log.commit()
            #expect(try log.texts() == texts + ["after"])
            return .success(texts)
        } catch let failure as LogFailure {
            return .failure(failure)
        } catch {
            Issue.record(error)
            return .success([])
        }
    }

    @Test func `cut at any byte, it keeps the batches that are whole`() throws {
        let content = try #require(try Self.smallLog(closed: false)[Self.name])
        let ends = Self.batchEnds(content)
        #expect(ends.count == 3)
        for length in 64...content.count {
            let batches = ends.filter { length >= Self.unpadded($0, content) }.count
            let expected = Array(Self.whole.prefix([0, 1, 3, 4][batches]))
            guard case .success(let texts) = Self.outcome(Array(content[..<length])) else {
                Issue.record("cut at \(length): refused")
                return
            }
            #expect(texts == expected, "cut at \(length)")
        }
        for length in 0..<64 {
            #expect(Self.outcome(Array(content[..<length])) == .failure(Self.headless(length)))
        }
    }

    private static func headless(_ length: Int) -> LogFailure {
        .corrupt(file: name, position: length, reason: "the file ends within its header")
    }

    @Test(arguments: [false, true])
    func `one wrong bit is refused, or costs at most the last batch`(isClosed: Bool) throws {
        let content = try #require(try Self.smallLog(closed: isClosed)[Self.name])
        let last = Self.batchEnds(content).last!
        var refused = 0
        for bit in 0..<(last + 64) * 8 {
            var wrong = content
            wrong[bit / 8] ^= 1 << (bit % 8)
            switch Self.outcome(wrong) {
            case .success(let texts):
                // Only what an unfinished write could have left may be cut, and nothing may come out changed.
                let allowed = isClosed ? [Self.whole] : [Self.whole, Array(Self.whole.dropLast())]
                #expect(allowed.contains(texts), "bit \(bit): \(texts)")
            case .failure(let failure):
                refused += 1
                #expect(Self.file(of: failure) == Self.name, "bit \(bit)")
            }
        }
        // The header and all batches but the last; the last, too, when the end was marked.
        #expect(refused > (isClosed ? last - 60 : last - 100) * 8 - 64)
    }

    private static func file(of failure: LogFailure) -> String? {
        switch failure {
        case .corrupt(let file, _, _), .newerFormat(let file, _), .foreign(let file, _): file
        default: nil
        }
    }

    @Test func `names the place of the damage`() throws {
        var content = try #require(try Self.smallLog(closed: false)[Self.name])
        let ends = Self.batchEnds(content)
        content[ends[0] + 45] ^= 1
        guard case .failure(.corrupt(let file, let position, let reason)) = Self.outcome(content) else {
            Issue.record("not refused")
            return
        }
        #expect(file == Self.name)
        #expect(position == ends[0])
        #expect(reason.contains("checksum"))
        #expect(reason.contains("an intact batch follows at \(ends[1])"))
    }

    @Test func `a batch replaced by zeros is damage while others follow`() throws {
        var content = try #require(try Self.smallLog(closed: false)[Self.name])
        let ends = Self.batchEnds(content)
        for at in ends[0]..<ends[1] { content[at] = 0 }
        guard case .failure(.corrupt(_, let position, _)) = Self.outcome(content) else {
            Issue.record("not refused")
            return
        }
        #expect(position == ends[0])
    }

    @Test func `a record that looks like a batch does not turn a torn tail into damage`() throws {
        let disk = SimulatedDisk()
        let log = try DurableLog(directory: "/d", settings: Self.settings, disk: disk)
        try log.append("one")
        try log.commit()
        // A batch of another file, aligned as in this one.
        let other = try #require(try Self.smallLog(closed: false)[Self.name])
        try log.append([UInt8](repeating: 0, count: 3) + Array(other[64..<Self.batchEnds(other)[0]]))
        try log.commit()
        var content = try #require(disk[Self.name])
        content[Self.batchEnds(content)[0] + 36] ^= 1
        #expect(Self.outcome(content) == .success(["one"]))
    }

    @Test func `reports what it cut`() throws {
        let disk = try Self.smallLog(closed: false)
        var content = try #require(disk[Self.name])
        let ends = Self.batchEnds(content)
        content[ends[1] + 50] ^= 1
        let damaged = SimulatedDisk()
        damaged[Self.name] = content
        let log = try DurableLog(directory: "/d", settings: Self.settings, disk: damaged)
        let tail = try #require(log.recovery.tornTail)
        #expect(tail.file == Self.name)
        #expect(tail.position == ends[1])
        #expect(tail.bytes > 40)
        #expect(!log.recovery.wasClosed)
        #expect(damaged[Self.name]![ends[1]...].allSatisfy { $0 == 0 })
    }

    @Test func `a newer format is refused, and so is another project's log`() throws {
        var content = try #require(try Self.smallLog(closed: true)[Self.name])
        let disk = SimulatedDisk()
        disk[Self.name] = content
        #expect(throws: LogFailure.foreign(file: Self.name, generation: 1)) {
            try DurableLog(
                directory: "/d", settings: LogSettings(generation: 2, segmentBytesMin: 4096, segmentBytesMax: 4096),
                disk: disk)
        }
        content[8] = 2
        disk[Self.name] = Checksummed.header(content)
        #expect(throws: LogFailure.newerFormat(file: Self.name, version: 2)) {
            try DurableLog(directory: "/d", settings: Self.settings, disk: disk)
        }
    }

    @Test func `a segment that is missing in the middle is found by the reader`() throws {
        let disk = SimulatedDisk()
        do {
            let log = try DurableLog(directory: "/d", settings: Self.settings, disk: disk)
            for number in 0..<12 {
                try log.append([UInt8](repeating: UInt8(number), count: 1000))
                try log.commit()
            }
            #expect(disk.files.filter { $0.hasSuffix(".log") }.count == 4)
        }
        let second = try #require(disk.files.first { $0.hasSuffix("3.log") })
        disk[second] = nil
        #expect(throws: LogFailure.self) {
            try DurableLog(directory: "/d", settings: Self.settings, disk: disk).texts()
        }
    }

    // MARK: - Layout, read independently of the code under test

    /// Where each batch with records ends, padding included.
    private static func batchEnds(_ content: [UInt8]) -> [Int] {
        var ends: [Int] = []
        var at = 64
        while at + 40 <= content.count, content[at] == UInt8(ascii: "B"), word(content, at + 24) > 0 {
            at = (at + 40 + word(content, at + 4) + 7) & ~7
            ends.append(at)
        }
        return ends
    }

    /// Where the batch that ends there ends without its padding.
    private static func unpadded(_ end: Int, _ content: [UInt8]) -> Int {
        let ends = batchEnds(content)
        let index = ends.firstIndex(of: end)!
        let start = index == 0 ? 64 : ends[index - 1]
        return start + 40 + word(content, start + 4)
    }

    private static func word(_ content: [UInt8], _ at: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(content[at + $1]) << (8 * $1) }
    }
}
