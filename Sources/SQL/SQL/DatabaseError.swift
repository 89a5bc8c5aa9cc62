import CSQLite
import Glibc

/// A call to SQLite that failed: what was tried, with which extended result code, and SQLite's own words.
package struct DatabaseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried: `open`, `prepare`, `step`, …, and the statement where there is one. Never bound values.
    package let operation: String
    /// An extended result code, <https://sqlite.org/rescode.html>.
    package let code: Int32
    package let message: String
    /// The errno behind it; 0 where no call to the kernel failed.
    package let systemCode: Int32

    package init(operation: String, code: Int32, message: String, systemCode: Int32 = 0) {
        (self.operation, self.code, self.message, self.systemCode) = (operation, code, message, systemCode)
    }

    /// The error that belongs to a result code that a call on `database` has just returned.
    init(_ operation: String, _ sql: String?, code: Int32, of database: OpaquePointer?) {
        let extended = sqlite3_extended_errcode(database)
        let isCurrent = extended & 0xFF == code & 0xFF
        self.init(
            operation: sql.map { "\(operation) `\($0.prefix(200))`" } ?? operation,
            code: isCurrent ? extended : code,
            message: String(cString: isCurrent ? sqlite3_errmsg(database) : sqlite3_errstr(code)),
            systemCode: code & 0xFF == SQLITE_IOERR ? sqlite3_system_errno(database) : 0)
    }

    /// What kind of trouble it is, where a caller may want to act on it.
    package enum Reason: Hashable, Sendable {
        /// The disk, the quota or `max_page_count` is used up. What was committed before is safe.
        case full
        /// Another connection holds the lock for longer than the busy timeout.
        case busy
        /// A UNIQUE, NOT NULL, CHECK or FOREIGN KEY constraint said no.
        case constraint
        /// The file is damaged or no database.
        case corrupt
        /// The file cannot be opened, written or read.
        case file
        /// A value or row beyond SQLite's limits.
        case tooLarge
        case other
    }

    package var reason: Reason {
        switch code & 0xFF {
        case SQLITE_FULL: .full
        // SQLite takes only ENOSPC for a full disk; a quota or a limit of the process is none the less one.
        case SQLITE_IOERR where [ENOSPC, EDQUOT, EFBIG].contains(systemCode): .full
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CONSTRAINT: .constraint
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY: .file
        case SQLITE_TOOBIG: .tooLarge
        default: .other
        }
    }

    package var isFull: Bool { reason == .full }

    package var description: String { "\(operation): \(message) (code \(code), errno \(systemCode))" }
}
