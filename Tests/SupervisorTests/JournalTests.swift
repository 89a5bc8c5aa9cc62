import Foundation
import Linux
import Nouns
import Supervision
import SupervisorShell
import Testing

struct JournalTests {
    let scratch = Scratch()

    static let acme = InstanceID("acme/bundoc")!
    static let pool = InstanceID("acme/worker/3")!

    static var record: InstanceRecord {
        var record = InstanceRecord(acme)
        (record.isDisabled, record.isQuarantined) = (true, true)
        record.run = .init(
            incarnation: Incarnation(17), isReady: true, isStopping: true, since: Instant(nanoseconds: 5))
        record.listener = .init(generation: Generation(4), port: 9001)
        record.crashes = [Instant(nanoseconds: 1), Instant(nanoseconds: 2)]
        (record.attempts, record.nextAttempt, record.restarts) = (2, Instant(nanoseconds: 99), 7)
        record.lastExit = Exit(code: 1, signal: 9, note: "out of memory: 100% = full\n")
        record.lastExitAt = Instant(nanoseconds: 44)
        return record
    }

    static var process: ProcessFact {
        var fact = ProcessFact(kind: .bundoc, pid: 4711, startTicks: 83_012, leaf: "acme.bundoc.0")
        (fact.instance, fact.generation) = (acme, Generation(4))
        return fact
    }

    static let token = Token("0123456789abcdef0123456789abcdef")!
    static let listener = ListenerFact(instance: acme, port: 9001, token: token, hasUnix: true, hasHandOff: true)
    static let front = FrontFact(session: 77, pid: 12, startTicks: 34)

    static let entries: [JournalEntry] = [
        .project(ProjectID("acme")!, isWithdrawn: false), .project(ProjectID("gone")!, isWithdrawn: true),
        .intended(Incarnation(17), .bundoc), .started(Incarnation(17), process),
        .intended(Incarnation(18), .bunder),
        .started(Incarnation(18), ProcessFact(kind: .bunder, pid: 5, startTicks: 6, leaf: nil)),
        .assigned(Incarnation(18), pool, nil), .bound(Generation(4), listener), .instance(record),
        .instance(InstanceRecord(pool)), .frontJoined(front), .intended(Incarnation(19), .bunder),
    ]

    private func journal(boot: String = "boot-a") throws -> Journal {
        try Journal(path: scratch.path + "/journal", bootID: boot)
    }

    @Test func `says in the next life what it was told in this one`() throws {
        var journal: Journal? = try journal()
        for entry in Self.entries { journal?.note(entry) }
        journal?.flush()
        let state = try #require(journal?.state)
        journal = nil
        let next = try self.journal()
        #expect(next.state == state)
        #expect(next.damagedLines == 0)
        #expect(next.state.records[Self.acme] == Self.record)
        #expect(next.state.processes[Incarnation(17)] == Self.process)
        #expect(next.state.processes[Incarnation(18)]?.instance == Self.pool)
        #expect(next.state.listeners[Generation(4)]?.token == Self.token)
        #expect(next.state.intents == [Incarnation(19): .bunder])
        #expect(next.state.fronts == [77: Self.front])
        #expect(next.nextIncarnation == Incarnation(20))
        #expect(next.nextGeneration == Generation(5))
    }

    @Test func `forgets what is over`() throws {
        let journal = try journal()
        for entry in Self.entries { journal.note(entry) }
        journal.note(.gone(Incarnation(17)))
        journal.note(.gone(Incarnation(19)))
        journal.note(.closed(Generation(4)))
        journal.note(.forgotten(Self.acme))
        journal.note(.frontLeft(Self.front))
        journal.note(.project(ProjectID("acme")!, isWithdrawn: true))
        journal.flush()
        let next = try self.journal()
        #expect(next.state.processes.keys.sorted() == [Incarnation(18)])
        #expect(next.state.intents.isEmpty && next.state.listeners.isEmpty && next.state.records.isEmpty)
        #expect(next.state.fronts.isEmpty && next.state.projects.isEmpty)
        #expect(next.state.withdrawnProjects == [ProjectID("acme")!, ProjectID("gone")!])
        // Numbers are not used again, though nothing speaks of them any more; also two lives later.
        #expect(next.nextIncarnation == Incarnation(20))
        #expect(try self.journal().nextGeneration == Generation(5))
    }

    @Test func `understands every whole line of a file cut short at any byte`() throws {
        do {
            let journal = try journal()
            for entry in Self.entries { journal.note(entry) }
            journal.flush()
        }
        let bytes = scratch.bytes("journal")
        let ends = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
        for length in 0...bytes.count {
            // A line that lacks only its end is whole.
            let isWhole = ends.contains(length) || ends.contains(length + 1) || length == 0
            let whole = isWhole ? length : ends.last { $0 <= length } ?? 0
            var damaged = 0
            let expected = JournalState(reading: bytes.prefix(whole), damaged: &damaged)
            #expect(damaged == 0)
            #expect(JournalState(reading: bytes.prefix(length), damaged: &damaged) == expected, "\(length)")
            #expect(damaged == (isWhole ? 0 : 1), "\(length)")
        }
        // What is added behind a line cut short is not lost with it.
        scratch.write(bytes.dropLast(3), to: "journal")
        do {
            let journal = try journal()
            #expect(journal.damagedLines == 1)
            journal.note(.project(ProjectID("late")!, isWithdrawn: false))
            journal.flush()
        }
        let journal = try journal()
        #expect(journal.damagedLines == 0)
        #expect(journal.state.projects == [ProjectID("acme")!, ProjectID("late")!])
    }

    @Test func `passes over a damaged line and keeps those behind it`() throws {
        do {
            let journal = try journal()
            journal.note(.project(ProjectID("one")!, isWithdrawn: false))
            journal.note(.project(ProjectID("two")!, isWithdrawn: false))
            journal.flush()
        }
        var bytes = scratch.bytes("journal")
        let place = try #require(bytes.firstRange(of: Array("one".utf8)))
        bytes[place.lowerBound] ^= 1
        scratch.write(bytes, to: "journal")
        let journal = try journal()
        #expect(journal.damagedLines == 1)
        #expect(journal.state.projects == [ProjectID("two")!])
    }

    @Test func `keeps decisions and projects over a reboot and nothing that ended with it`() throws {
        do {
            let journal = try journal()
            for entry in Self.entries { journal.note(entry) }
            journal.flush()
        }
        let next = try journal(boot: "boot-b")
        #expect(next.isNewBoot)
        var kept = InstanceRecord(Self.acme)
        (kept.isDisabled, kept.isQuarantined, kept.restarts) = (true, true, 7)
        kept.lastExit = Self.record.lastExit
        #expect(next.state.records == [Self.acme: kept])
        #expect(next.state.processes.isEmpty && next.state.listeners.isEmpty && next.state.intents.isEmpty)
        #expect(next.state.projects == [ProjectID("acme")!])
        // Lines above these may have been lost with the power; their block was on disk.
        #expect(next.nextIncarnation.number > Journal.block)
        #expect(next.nextGeneration.number > Journal.block)
    }

    @Test func `stays small however much happens`() throws {
        let journal = try journal()
        var largest = 0
        for number in 0..<6_000 {
            var record = Self.record
            record.restarts = number
            journal.note(.instance(record))
            journal.flush()
            largest = max(largest, scratch.size("journal"))
        }
        #expect(largest > Journal.bytesMin / 2)
        #expect(largest < 2 * Journal.bytesMin)
        #expect(try self.journal().state.records[Self.acme]?.restarts == 5_999)
    }

    @Test func `is readable by its owner only, for it holds tokens`() throws {
        _ = try journal()
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path + "/journal")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `goes on when it cannot be written, and writes all when it can again`() throws {
        var room = Int.max
        let journal = try Journal(path: scratch.path + "/journal", bootID: "boot-a") { file, bytes in
            let count = min(room, bytes.count)
            guard count > 0 else {
                errno = ENOSPC
                return -1
            }
            room -= count
            return write(file, bytes.baseAddress, count)
        }
        journal.note(.project(ProjectID("one")!, isWithdrawn: false))
        journal.flush()
        #expect(journal.failure == nil)
        room = 10
        journal.note(.project(ProjectID("two")!, isWithdrawn: false))
        journal.flush()
        #expect(journal.failure?.code == ENOSPC)
        journal.note(.project(ProjectID("three")!, isWithdrawn: false))
        journal.sync()
        #expect(journal.failure?.code == ENOSPC)
        // What was there before is still there, in front of a line cut short.
        let copy = try Journal(path: scratch.copy("journal"), bootID: "boot-a")
        #expect(copy.damagedLines == 1)
        #expect(copy.state.projects == [ProjectID("one")!])
        room = .max
        journal.sync()
        #expect(journal.failure == nil)
        #expect(try self.journal().state.projects == [ProjectID("one")!, ProjectID("two")!, ProjectID("three")!])
    }
}
