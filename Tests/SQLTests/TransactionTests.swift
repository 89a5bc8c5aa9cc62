import SQL
import Testing

@Suite struct TransactionTests {
    struct Refused: Error {}

    let connection: Connection

    init() throws {
        connection = try Connection(path: ":memory:", options: StatementTests.inMemory)
        try connection.execute("CREATE TABLE t(a)")
    }

    private func insert(_ value: Int) throws {
        try connection.run("INSERT INTO t VALUES (?)", .integer(value))
    }
    private var rows: Value? { get throws { try connection.first("SELECT group_concat(a) FROM t") } }

    @Test func `keeps all of a transaction`() throws {
        try connection.transaction {
            try insert(1)
            try insert(2)
        }
        #expect(try rows == "1,2")
    }

    @Test func `undoes a transaction that throws`() throws {
        #expect(throws: Refused.self) {
            try connection.transaction {
                try insert(1)
                throw Refused()
            }
        }
        #expect(!connection.isInTransaction)
        #expect(try rows == Value.null)
    }

    @Test func `undoes only the savepoint that throws`() throws {
        try connection.transaction {
            try insert(1)
            #expect(throws: Refused.self) {
                try connection.savepoint {
                    try insert(2)
                    try connection.savepoint { try insert(3) }
                    throw Refused()
                }
            }
            try connection.savepoint { try insert(4) }
        }
        #expect(try rows == "1,4")
    }

    @Test func `leaves nothing open when the error ended the whole transaction`() throws {
        #expect(throws: DatabaseError.self) {
            try connection.transaction {
                try connection.savepoint {
                    connection.rollBack()
                    try connection.execute("SELECT nothing")
                }
            }
        }
        #expect(!connection.isInTransaction)
        try connection.transaction { try insert(1) }
    }
}
