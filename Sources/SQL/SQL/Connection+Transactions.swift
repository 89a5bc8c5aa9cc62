extension Connection {
    package enum TransactionKind: String, Sendable {
        /// Takes the write lock at once: no failure in the midst because another connection wrote first.
        case immediate = "BEGIN IMMEDIATE"
        /// A snapshot for reading, from the first read on.
        case deferred = "BEGIN"
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it or the commit throws.
    ///
    /// Transactions do not nest; use `savepoint` inside.
    package func transaction<Result>(
        _ kind: TransactionKind = .immediate, _ body: () throws -> Result
    ) throws -> Result {
        try begin(kind)
        do {
            let result = try body()
            try commit()
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    /// Runs `body` in a savepoint of the open transaction: its changes stay part of the transaction when it returns,
    /// and are undone when it throws.
    package func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
        try run("SAVEPOINT step")
        do {
            let result = try body()
            try run("RELEASE step")
            return result
        } catch {
            // Where the error ended the whole transaction (a full disk can), no savepoint is left to go back to.
            if isInTransaction {
                try run("ROLLBACK TO step")
                try run("RELEASE step")
            }
            throw error
        }
    }

    package func begin(_ kind: TransactionKind = .immediate) throws(DatabaseError) { try run(kind.rawValue) }

    /// On failure the transaction is still open: roll back, or try again.
    package func commit() throws(DatabaseError) { try run("COMMIT") }

    /// Does nothing without a transaction. Statements in the midst of a read are reset by SQLite.
    package func rollBack() {
        guard isInTransaction else { return }
        // A rollback can fail only by reporting the error that made it needed; the transaction ends all the same.
        _ = try? run("ROLLBACK")
    }
}
