import Glibc
import SQL
import Testing

@Suite struct ConnectionTests {
    let scratch = Scratch()

    @Test func `stores and reads each kind of value`() throws {
        let connection = try scratch.open()
        try connection.execute("CREATE TABLE t(a, b, c, d, e, f, g)")
        let values: [Value] = [
            .null, .integer(Int64.min), .real(1.5), .text("höher \u{0}!"), .blob([0, 255]), .text(""), .blob([]),
        ]
        try connection.run(
            "INSERT INTO t VALUES (?,?,?,?,?,?,?)", values[0], values[1], values[2], values[3], values[4],
            values[5],
            values[6])
        var read: [Value] = []
        try connection.query("SELECT * FROM t") { row in read = (0..<row.columnCount).map(row.value) }
        #expect(read == values)
    }

    @Test func `sets the pragmas that its options promise`() throws {
        let connection = try scratch.open {
            $0.synchronous = .normal
            $0.cacheKiB = 500
            $0.autoCheckpointPages = 0
        }
        #expect(try connection.first("PRAGMA journal_mode") == "wal")
        #expect(try connection.first("PRAGMA synchronous") == 1)
        #expect(try connection.first("PRAGMA cache_size") == -500)
        #expect(try connection.first("PRAGMA wal_autocheckpoint") == 0)
        #expect(try connection.first("PRAGMA secure_delete") == 0)
        #expect(try connection.first("PRAGMA foreign_keys") == 1)
        #expect(try scratch.open().first("PRAGMA synchronous") == 2)
    }

    @Test func `says of a constraint which one it was`() throws {
        let connection = try scratch.open()
        try connection.execute("CREATE TABLE t(a UNIQUE)")
        try connection.run("INSERT INTO t VALUES (1)")
        let error = try #require(throws: DatabaseError.self) {
            try connection.run("INSERT INTO t VALUES (1)")
        }
        #expect(error.reason == .constraint)
        #expect(error.code == 2067, "SQLITE_CONSTRAINT_UNIQUE")
        #expect(error.message.contains("t.a"))
    }

    @Test func `tells a full database from other trouble and keeps what was committed`() throws {
        let connection = try scratch.open()
        try connection.execute("CREATE TABLE t(a); INSERT INTO t VALUES ('kept'); PRAGMA max_page_count=8")
        let error = try #require(throws: DatabaseError.self) {
            try connection.transaction {
                for _ in 0..<100 { try connection.run("INSERT INTO t VALUES (zeroblob(4000))") }
            }
        }
        #expect(error.isFull)
        #expect(!connection.isInTransaction)
        #expect(try connection.first("SELECT group_concat(a) FROM t") == "kept")
        #expect(try connection.run("DELETE FROM t") == 1)
    }

    @Test func `takes a quota for a full disk`() {
        let error = DatabaseError(operation: "step", code: 778, message: "disk I/O error", systemCode: EDQUOT)
        #expect(error.isFull)
        #expect(!DatabaseError(operation: "step", code: 778, message: "disk I/O error", systemCode: EIO).isFull)
    }

    @Test func `leaves an empty log where it is told to`() throws {
        do {
            let connection = try scratch.open { $0.keepsLog = true }
            try connection.run("CREATE TABLE t(a)")
            try connection.checkpoint(.truncate)
        }
        #expect(scratch.bytes(of: "a.db-wal") == 0)
    }

    @Test func `tells a row that is not there from a NULL`() throws {
        let connection = try scratch.open()
        try connection.execute("CREATE TABLE t(a)")
        #expect(try connection.first("SELECT a FROM t") == nil)
        try connection.execute("INSERT INTO t VALUES (NULL)")
        #expect(try connection.first("SELECT a FROM t") == .some(.null))
    }

    @Test func `says busy when another connection writes for longer than the wait`() throws {
        let first = try scratch.open()
        let second = try scratch.open { $0.busyTimeout = .zero }
        try first.begin()
        let error = try #require(throws: DatabaseError.self) { try second.begin() }
        #expect(error.reason == .busy)
        first.rollBack()
        try second.transaction {}
    }

    @Test func `keeps others out when exclusive`() throws {
        let first = try scratch.open { $0.isExclusive = true }
        try first.execute("CREATE TABLE t(a)")
        let error = try #require(throws: DatabaseError.self) {
            try scratch.open { $0.busyTimeout = .zero }.run("INSERT INTO t VALUES (1)")
        }
        #expect(error.reason == .busy)
        #expect(scratch.bytes(of: "a.db-shm") == -1)
    }

    @Test func `refuses a file that is no database`() throws {
        do {
            let connection = try scratch.open()
            try connection.execute("CREATE TABLE t(a)")
            connection.close()
        }
        try overwrite(scratch.file)
        let error = try #require(throws: DatabaseError.self) { try scratch.open() }
        #expect(error.reason == .corrupt)
    }

    @Test func `says which file cannot be opened`() throws {
        let error = try #require(throws: DatabaseError.self) { try Connection(path: "/nowhere/a.db") }
        #expect(error.reason == .file)
        #expect(error.description.contains("/nowhere/a.db"))
    }

    @Test func `cuts the log to nothing at a truncating checkpoint`() throws {
        let connection = try scratch.open()
        try connection.execute("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        #expect(scratch.bytes(of: "a.db-wal") > 0)
        #expect(try connection.checkpoint(.truncate).isComplete)
        #expect(scratch.bytes(of: "a.db-wal") == 0)
    }

    @Test func `says when a reader kept a checkpoint from completing`() throws {
        let writer = try scratch.open()
        try writer.execute("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        let reader = try scratch.open()
        try reader.begin(.deferred)
        #expect(try reader.first("SELECT a FROM t") == 1)
        try writer.run("UPDATE t SET a = 2")
        #expect(try !writer.checkpoint(.passive).isComplete)
        reader.rollBack()
        #expect(try writer.checkpoint(.passive).isComplete)
    }

    @Test func `counts the frames that wait for a checkpoint`() throws {
        let connection = try scratch.open { $0.autoCheckpointPages = 0 }
        try connection.execute("CREATE TABLE t(a)")
        let before = connection.frames
        for _ in 0..<3 { try connection.run("INSERT INTO t VALUES (1)") }
        #expect(before > 0 && connection.frames == before + 3)
        try connection.checkpoint(.passive)
        #expect(connection.frames == 0)
    }

    @Test func `closes its file with its last reference`() throws {
        weak var gone: Connection?
        do {
            let connection = try scratch.open()
            try connection.run("CREATE TABLE t(a)")
            gone = connection
        }
        #expect(gone == nil)
        #expect(scratch.bytes(of: "a.db-wal") == -1, "the last connection removes the log")
    }

    private func overwrite(_ path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(String(repeating: "not a database ", count: 100), file)
        fclose(file)
    }
}
