import Contracts
import Nouns
import Projects
import Support
import Testing

struct VersionedKeysTests {
    static func entry(_ number: Int, key: Int = 0) -> KeyEntry {
        KeyEntry(project: ProjectID("p\(number)")!, slug: "s\(number)", key: "pk_\(key)")
    }

    /// What a front does with what it is told.
    struct Front {
        var table: [ProjectID: String] = [:]
        var version: UInt64 = 0

        mutating func take(_ changes: VersionedKeys.Changes, _ version: UInt64) {
            if changes.isWhole { table = [:] }
            for message in changes.messages {
                switch message {
                case .project(let entry, _): table[entry.project] = entry.key
                case .removed(let project, _): table[project] = nil
                case .revoked: break
                case .welcome, .synced, .valid, .unknown: Issue.record("not a change")
                }
            }
            self.version = version
        }
    }

    @Test func `gives a front that has nothing the whole table, oldest change first`() {
        var keys = VersionedKeys()
        for number in [3, 1, 2] { _ = keys.set(Self.entry(number)) }
        _ = keys.set(Self.entry(3, key: 1))
        let changes = keys.changes(since: 0)
        #expect(changes.isWhole)
        #expect(
            changes.messages == [
                .project(Self.entry(1), table: 2), .project(Self.entry(2), table: 3),
                .project(Self.entry(3, key: 1), table: 4),
            ])
    }

    @Test func `gives a front only what changed since its version, removals too`() {
        var keys = VersionedKeys()
        for number in 1...3 { _ = keys.set(Self.entry(number)) }
        #expect(keys.changes(since: 3) == VersionedKeys.Changes(isWhole: false, messages: []))
        _ = keys.set(Self.entry(2, key: 9))
        _ = keys.remove(ProjectID("p1")!)
        let changes = keys.changes(since: 3)
        #expect(!changes.isWhole)
        #expect(
            changes.messages == [.project(Self.entry(2, key: 9), table: 4), .removed(ProjectID("p1")!, table: 5)])
    }

    @Test func `gives the whole table to a front from before the oldest tombstone, or from the future`() {
        var keys = VersionedKeys()
        for number in 0...VersionedKeys.tombstonesMax { _ = keys.set(Self.entry(number)) }
        let before = keys.version
        for number in 0...VersionedKeys.tombstonesMax { _ = keys.remove(ProjectID("p\(number)")!) }
        #expect(keys.tombstones.count == VersionedKeys.tombstonesMax)
        #expect(keys.floor == before + 1)
        #expect(keys.changes(since: before).isWhole)
        #expect(!keys.changes(since: before + 1).isWhole)
        #expect(keys.changes(since: keys.version + 1).isWhole)
    }

    @Test func `leads every front to the same table, whatever it had`() {
        var random = SplitMix64(seed: 42)
        var keys = VersionedKeys()
        var expected: [ProjectID: String] = [:]
        var fronts = [Front](repeating: Front(), count: 8)
        for step in 0..<5_000 {
            let number = Int.random(in: 0..<40, using: &random)
            let project = ProjectID("p\(number)")!
            if Bool.random(using: &random) {
                _ = keys.set(Self.entry(number, key: step))
                expected[project] = "pk_\(step)"
            } else if expected.removeValue(forKey: project) != nil {
                _ = keys.remove(project)
            }
            let front = Int.random(in: 0..<64, using: &random)
            guard front < fronts.count else { continue }
            fronts[front].take(keys.changes(since: fronts[front].version), keys.version)
            #expect(fronts[front].table == expected)
        }
        #expect(keys.snapshot.table == keys.version)
        #expect(keys.snapshot.entries.map(\.project) == expected.keys.sorted())
    }
}

struct DeletionTests {
    @Test func `goes through its steps in order`() {
        var deletion = Deletion()
        var actions: [Deletion.Action] = []
        while deletion.next != .finish {
            actions.append(deletion.next)
            #expect(deletion.handle(.done) == .zero)
        }
        #expect(actions == [.withdraw, .moveData, .forget])
    }

    @Test func `tries a failed step again after waits that grow up to 5 s`() {
        var deletion = Deletion()
        var waits: [Duration] = []
        for _ in 0..<9 {
            waits.append(deletion.handle(.failed))
            #expect(deletion.next == .withdraw)
        }
        #expect(waits.prefix(3) == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        #expect(waits.last == .seconds(5))
        _ = deletion.handle(.done)
        #expect(deletion.handle(.failed) == .milliseconds(100))
    }
}
