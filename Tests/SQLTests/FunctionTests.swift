import SQL
import Testing

@Suite struct FunctionTests {
    let connection: Connection

    init() throws { connection = try Connection(path: ":memory:", options: StatementTests.inMemory) }

    @Test func `computes values and stands in an index`() throws {
        try connection.register("doubled", argumentCount: 1, isDeterministic: true) {
            .integer($0.integer(0) * 2)
        }
        try connection.execute(
            "CREATE TABLE t(a); CREATE INDEX i ON t(doubled(a)); INSERT INTO t VALUES (1), (2)")
        #expect(try connection.first("SELECT a FROM t WHERE doubled(a) = 4") == 2)
        var plan = ""
        try connection.query("EXPLAIN QUERY PLAN SELECT a FROM t WHERE doubled(a) = 4") { plan = $0.text(3) }
        #expect(plan.contains("INDEX i"))
    }

    @Test func `passes text, blobs and null both ways`() throws {
        try connection.register("echo", argumentCount: nil, isDeterministic: true) { arguments in
            if arguments.isNull(0) { return .null }
            return arguments.count == 1
                ? .text(arguments.text(0)) : .blob(arguments.withBytes(1) { [UInt8]($0) })
        }
        #expect(try connection.first("SELECT echo('ä')") == "ä")
        #expect(try connection.first("SELECT echo('')") == "")
        #expect(try connection.first("SELECT echo(NULL)") == Value.null)
        #expect(try connection.first("SELECT echo(1, x'00ff')") == .blob([0, 255]))
    }

    @Test func `turns its error into the statement's`() throws {
        try connection.register("fail", argumentCount: 0, isDeterministic: false) { _ in
            throw FunctionError("the moon is wrong")
        }
        let error = try #require(throws: DatabaseError.self) { try connection.first("SELECT fail()") }
        #expect(error.message == "the moon is wrong")
    }

    @Test func `goes with its connection`() throws {
        final class Witness {}
        weak var witness: Witness?
        do {
            let held = Witness()
            witness = held
            let other = try Connection(path: ":memory:", options: StatementTests.inMemory)
            try other.register("f", argumentCount: 0, isDeterministic: true) { _ in
                withExtendedLifetime(held) { 1 }
            }
            #expect(try other.first("SELECT f()") == 1)
        }
        #expect(witness == nil)
    }
}
