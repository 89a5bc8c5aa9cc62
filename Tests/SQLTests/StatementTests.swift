import SQL
import Testing

@Suite struct StatementTests {
    let connection: Connection

    init() throws {
        connection = try Connection(path: ":memory:", options: Self.inMemory)
        try connection.execute("CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB)")
    }

    static var inMemory: Connection.Options {
        var options = Connection.Options()
        options.journal = .delete
        options.cachedStatementsMax = 2
        return options
    }

    @Test func `reads a blob where it lies`() throws {
        let bytes: [UInt8] = [1, 2, 3]
        let insert = try connection.prepare("INSERT INTO t VALUES (?, ?)")
        try bytes.withUnsafeBytes { unowned in
            try insert.bind(1, 7)
            try insert.bind(2, unowned: unowned)
            try insert.run()
        }
        let select = try connection.prepare("SELECT v, k FROM t")
        #expect(try select.step())
        #expect(select.withBytes(0) { $0.reduce(0) { $0 + Int($1) } } == 6)
        #expect(select.integer(1) == 7)
        #expect(select.isBusy)
        select.reset()
        #expect(!select.isBusy)
    }

    @Test func `tells an empty blob from null`() throws {
        let insert = try connection.prepare("INSERT INTO t VALUES (?, ?)")
        try insert.bind(1, 1)
        try insert.bind(2, unowned: UnsafeRawBufferPointer(start: nil, count: 0))
        try insert.run()
        try insert.bind(1, 2)
        try insert.bindNull(2)
        try insert.run()
        #expect(try connection.first("SELECT group_concat(typeof(v)) FROM t") == "blob,null")
    }

    @Test func `starts over after its end`() throws {
        try connection.run("INSERT INTO t VALUES (1, NULL)")
        let select = try connection.prepare("SELECT k FROM t")
        for _ in 0..<2 {
            #expect(try select.step())
            #expect(try !select.step())
        }
    }

    @Test func `keeps the prepared forms used last`() throws {
        for sql in ["SELECT 1", "SELECT 2", "SELECT 1", "SELECT 3"] { _ = try connection.first(sql) }
        #expect(connection.cachedStatements == 2)
    }

    @Test func `runs a statement inside itself`() throws {
        for key in 1...3 { try connection.run("INSERT INTO t VALUES (?, NULL)", .integer(key)) }
        var pairs = 0
        try connection.query("SELECT k FROM t") { _ in
            try connection.query("SELECT k FROM t") { _ in pairs += 1 }
        }
        #expect(pairs == 9)
    }

    @Test func `is reset when reading its rows fails half way`() throws {
        struct Enough: Error {}
        for key in 1...3 { try connection.run("INSERT INTO t VALUES (?, NULL)", .integer(key)) }
        #expect(throws: Enough.self) { try connection.query("SELECT k FROM t") { _ in throw Enough() } }
        try connection.execute("DROP TABLE t")
    }

    @Test(arguments: ["", "-- nothing", "SELECT nothing", "SELECT 1 FROM nowhere"])
    func `refuses a text that is no statement`(sql: String) throws {
        #expect(throws: DatabaseError.self) { try connection.prepare(sql) }
    }

    @Test func `repairs text that is not UTF-8`() throws {
        var text = ""
        try connection.query("SELECT CAST(x'61ff' AS TEXT)") { text = $0.text(0) }
        #expect(text == "a\u{FFFD}")
    }
}
