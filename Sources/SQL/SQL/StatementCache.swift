/// Prepared statements that are not in use, by their text; the least recently used goes first.
///
/// A statement that is taken out is not in the cache, so that the same text can run inside itself.
struct StatementCache {
    private var statements: [String: (statement: Statement, used: UInt64)] = [:]
    private var uses: UInt64 = 0

    var count: Int { statements.count }

    mutating func take(_ sql: String) -> Statement? { statements.removeValue(forKey: sql)?.statement }

    mutating func put(_ statement: Statement, max: Int) {
        guard max > 0 else { return }
        uses += 1
        statements[statement.sql] = (statement, uses)
        guard statements.count > max else { return }
        if let oldest = statements.min(by: { $0.value.used < $1.value.used }) {
            statements[oldest.key] = nil
        }
    }

    mutating func removeAll() { statements = [:] }
}
