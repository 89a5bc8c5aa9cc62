/// The steps by which a database file came to its present form: step N leads from version N to N + 1.
///
/// The version is SQLite's `user_version`. Steps that were ever released are never changed, only added to.
package struct Migrations: Sendable {
    /// One script each.
    package let steps: [String]

    package init(_ steps: [String]) { self.steps = steps }

    /// A newer program has written this file; an older one must not touch it.
    package struct TooNew: Error, Hashable, Sendable, CustomStringConvertible {
        package let found: Int
        package let known: Int

        package init(found: Int, known: Int) { (self.found, self.known) = (found, known) }

        package var description: String {
            "the database has version \(found), this program knows up to \(known): start a newer program"
        }
    }

    /// Brings the file to the newest version; each step and its version number are one transaction.
    ///
    /// - Throws: `TooNew` and nothing was changed, or the `DatabaseError` of the step that failed: the file keeps the
    ///   form of the last step that did not.
    package func apply(to connection: Connection) throws {
        let found = try Self.version(of: connection)
        guard found <= steps.count else { throw TooNew(found: found, known: steps.count) }
        for (number, step) in steps.enumerated().dropFirst(found) {
            try connection.transaction {
                try connection.execute(step)
                try connection.execute("PRAGMA user_version=\(number + 1)")
            }
        }
    }

    package static func version(of connection: Connection) throws(DatabaseError) -> Int {
        guard case .integer(let version)? = try connection.first("PRAGMA user_version") else { return 0 }
        return Int(version)
    }
}
