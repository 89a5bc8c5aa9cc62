import CSQLite

extension Connection {
    /// How a database is opened. The defaults suit a registry that is small, durable and written by one connection.
    package struct Options: Hashable, Sendable {
        package enum Access: Hashable, Sendable {
            case readOnly
            case readWrite
            /// Creates the file where there is none.
            case create
        }

        package enum Journal: String, Hashable, Sendable {
            case wal = "WAL"
            case delete = "DELETE"
        }

        package enum Synchronous: String, Hashable, Sendable {
            /// Every commit is synced: durable.
            case full = "FULL"
            /// Checkpoints are synced, commits are not: consistent after a power loss, but the last ones may be gone.
            /// For views whose durable copy is elsewhere.
            case normal = "NORMAL"
        }

        package var access = Access.create
        package var journal = Journal.wal
        package var synchronous = Synchronous.full
        /// Keeps the file locked for as long as it is open: no other process can come in between, and reads need no
        /// lock calls. The write-ahead log's index then lies in memory.
        package var isExclusive = false
        /// How long a call waits for another connection's lock.
        package var busyTimeout = Duration.seconds(5)
        /// The page cache, in KiB.
        package var cacheKiB = 1_000
        /// Pages in the write-ahead log from which on a commit checkpoints; 0 for never.
        package var autoCheckpointPages = 1_000
        /// Bytes to which a write-ahead log is cut when it starts anew; nil leaves it as large as it became.
        package var journalBytesMax: Int?
        /// Leaves the write-ahead log's file, empty, when the connection is closed: the next opening need not make it.
        package var keepsLog = false
        package var hasForeignKeys = true
        /// Bytes of a page in a new file; a power of two, 512 to 65536.
        package var pageBytes = 4_096
        /// Prepared statements kept by their text.
        package var cachedStatementsMax = 64

        package init() {}

        var flags: Int32 {
            let access =
                switch access {
                case .readOnly: SQLITE_OPEN_READONLY
                case .readWrite: SQLITE_OPEN_READWRITE
                case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                }
            // One thread uses the connection: its own mutexes are not needed.
            return access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        }

        /// Order matters: exclusive locking must be chosen before the write-ahead log is first touched, and the page
        /// size before the file has pages.
        var pragmas: [String] {
            var pragmas: [String] = []
            if isExclusive { pragmas.append("PRAGMA locking_mode=EXCLUSIVE") }
            if access == .create { pragmas.append("PRAGMA page_size=\(pageBytes)") }
            if access != .readOnly {
                pragmas.append("PRAGMA journal_mode=\(journal.rawValue)")
                pragmas.append("PRAGMA synchronous=\(synchronous.rawValue)")
                pragmas.append("PRAGMA wal_autocheckpoint=\(autoCheckpointPages)")
                if let journalBytesMax { pragmas.append("PRAGMA journal_size_limit=\(journalBytesMax)") }
                // Debian's library zeroes deleted pages by default, which doubles the writes of a delete.
                pragmas.append("PRAGMA secure_delete=OFF")
            }
            pragmas.append("PRAGMA cache_size=-\(cacheKiB)")
            pragmas.append("PRAGMA foreign_keys=\(hasForeignKeys ? "ON" : "OFF")")
            pragmas.append("PRAGMA trusted_schema=OFF")
            return pragmas
        }
    }
}
