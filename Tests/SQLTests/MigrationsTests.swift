import SQL
import Testing

@Suite struct MigrationsTests {
    let scratch = Scratch()
    let first = "CREATE TABLE t(a); INSERT INTO t VALUES (1)"
    let second = "ALTER TABLE t ADD COLUMN b DEFAULT 2"

    @Test func `applies each step once`() throws {
        try Migrations([first]).apply(to: try scratch.open())
        let connection = try scratch.open()
        try Migrations([first, second]).apply(to: connection)
        try Migrations([first, second]).apply(to: connection)
        #expect(try Migrations.version(of: connection) == 2)
        #expect(try connection.first("SELECT sum(a + b) FROM t") == 3)
    }

    @Test func `refuses a file from a newer program and leaves it alone`() throws {
        let connection = try scratch.open()
        try Migrations([first, second]).apply(to: connection)
        #expect(throws: Migrations.TooNew(found: 2, known: 1)) {
            try Migrations([first]).apply(to: connection)
        }
        #expect(try connection.first("SELECT a + b FROM t") == 3)
    }

    @Test func `keeps the last good form when a step fails`() throws {
        let connection = try scratch.open()
        #expect(throws: DatabaseError.self) {
            try Migrations([first, "CREATE TABLE u(a); SELECT nothing"]).apply(to: connection)
        }
        #expect(try Migrations.version(of: connection) == 1)
        #expect(try connection.first("SELECT count(*) FROM sqlite_schema WHERE name = 'u'") == 0)
    }
}
