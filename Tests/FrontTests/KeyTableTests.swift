import Contracts
import Nouns
import Routing
import Testing

@Suite struct KeyTableTests {
    static func key(_ digit: String) -> String { "pk_" + String(repeating: digit, count: 32) }
    static func entry(_ id: String, _ digit: String, slug: String? = nil) -> KeyEntry {
        KeyEntry(project: ProjectID(id)!, slug: slug ?? "slug-\(id)", key: key(digit))
    }

    func expect(_ seen: UInt64?, _ expected: UInt64?, _ sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(seen == expected, sourceLocation: sourceLocation)
    }

    static func table(_ snapshot: KeySnapshot) -> KeyTable {
        var table = KeyTable()
        table.begin(snapshot)
        return table
    }

    static func project(_ table: KeyTable, _ digit: String) -> String? { table.entry(ProjectKey(key(digit))!)?.id.text }

    @Test func `a key is pk_ and 32 lower-case hex digits`() {
        let good = "pk_0123456789abcdef0123456789abcdef"
        #expect(ProjectKey(good) != nil)
        #expect(ProjectKey(good) == ProjectKey(good))
        for index in 3..<35 {
            var other = Array(good.utf8)
            other[index] = other[index] == UInt8(ascii: "7") ? UInt8(ascii: "8") : UInt8(ascii: "7")
            #expect(ProjectKey(String(decoding: other, as: UTF8.self)) != ProjectKey(good))
        }
        for bad in [
            "", "pk_", good + "0", String(good.dropLast()), "pk_" + good.dropFirst(3).uppercased(),
            "xx_" + good.dropFirst(3), good.replacing("9", with: "g"),
        ] {
            #expect(ProjectKey(bad) == nil, "\(bad)")
        }
    }

    @Test func `opens a project by its key, and by name only with its own key`() throws {
        let table = Self.table(KeySnapshot(table: 1, entries: [Self.entry("a", "1"), Self.entry("b", "2")]))
        #expect(Self.project(table, "1") == "a")
        #expect(Self.project(table, "3") == nil)
        let first = ProjectKey(Self.key("1"))!
        #expect(table.entry(named: "a", first)?.id.text == "a")
        #expect(table.entry(named: "slug-a", first)?.id.text == "a")
        #expect(table.entry(named: "b", first) == nil)
        #expect(table.entry(named: "slug-b", first) == nil)
    }

    @Test func `a rotated key opens nothing, the new one does, and the change is confirmed`() throws {
        var table = KeyTable()
        #expect(!table.isKnown)
        try expect(table.apply(.welcome(version: 2, isWhole: true)), nil)
        try expect(table.apply(.project(Self.entry("a", "1"), table: 4)), nil)
        try expect(table.apply(.synced(table: 4)), 4)
        #expect(table.isKnown)
        try expect(table.apply(.project(Self.entry("a", "2"), table: 5)), 5)
        #expect(Self.project(table, "1") == nil)
        #expect(Self.project(table, "2") == "a")
        try expect(table.apply(.removed(ProjectID("a")!, table: 6)), 6)
        #expect(Self.project(table, "2") == nil)
        #expect(table.version == 6)
    }

    @Test func `a whole table drops what it does not name, when it is complete`() throws {
        var table = Self.table(KeySnapshot(table: 3, entries: [Self.entry("a", "1"), Self.entry("b", "2")]))
        _ = try table.apply(.welcome(version: 2, isWhole: true))
        _ = try table.apply(.project(Self.entry("b", "2"), table: 9))
        #expect(Self.project(table, "1") == "a")
        #expect(table.version == 3)
        _ = try table.apply(.synced(table: 9))
        #expect(Self.project(table, "1") == nil)
        #expect(Self.project(table, "2") == "b")
    }

    @Test func `a partial table keeps what it does not name`() throws {
        var table = Self.table(KeySnapshot(table: 3, entries: [Self.entry("a", "1")]))
        _ = try table.apply(.welcome(version: 2, isWhole: false))
        _ = try table.apply(.project(Self.entry("b", "2"), table: 9))
        _ = try table.apply(.synced(table: 9))
        #expect(Self.project(table, "1") == "a")
        #expect(table.count == 2)
    }

    @Test func `a slug or key that went over to another project stays there`() throws {
        var table = Self.table(KeySnapshot(table: 3, entries: [Self.entry("a", "1", slug: "s")]))
        _ = try table.apply(.welcome(version: 2, isWhole: false))
        _ = try table.apply(.project(Self.entry("b", "1", slug: "s"), table: 4))
        _ = try table.apply(.removed(ProjectID("a")!, table: 5))
        #expect(table.entry(named: "s", ProjectKey(Self.key("1"))!)?.id.text == "b")
    }

    @Test func `a platform that speaks otherwise is not believed`() {
        var table = KeyTable()
        let short = KeyEntry(project: ProjectID("a")!, slug: "a", key: "short")
        for message in [KeyChannel.FromPlatform.welcome(version: 1, isWhole: true), .project(short, table: 1)] {
            #expect(throws: KeyTable.Violation.self) { _ = try table.apply(message) }
        }
    }
}
