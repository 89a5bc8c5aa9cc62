import CSQLite

/// One connection to one SQLite database file.
///
/// Not thread-safe. Where a file has several connections in one process, all writing and every checkpoint belong on
/// one of them: SQLite before 3.51.3 can corrupt a file whose write-ahead log is reset by two connections at the same
/// moment.
package final class Connection {
    /// Nil after `close`.
    private var open: OpaquePointer?
    private var cache = StatementCache()
    private let cachedStatementsMax: Int
    /// Frames (pages) in the write-ahead log at the last commit or checkpoint of this connection; stays 0 where
    /// SQLite checkpoints on its own (`Options.autoCheckpointPages`). What an earlier process left is counted from the
    /// first commit on.
    package private(set) var frames = 0

    /// The database handle, for what this module does not wrap.
    package var handle: OpaquePointer {
        guard let open else { preconditionFailure("the connection was closed") }
        return open
    }

    /// Opens or creates the file at `path` (`:memory:` for none) and sets the pragmas of `options`.
    package init(path: String, options: Options = Options()) throws(DatabaseError) {
        cachedStatementsMax = options.cachedStatementsMax
        guard Self.isLibraryReady else {
            throw DatabaseError(
                operation: "initialize", code: SQLITE_ERROR, message: "the library cannot start")
        }
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(path, &handle, options.flags, nil)
        guard code == SQLITE_OK, let handle else {
            let message =
                handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
            let extended = handle.map { sqlite3_extended_errcode($0) } ?? code
            sqlite3_close_v2(handle)
            throw DatabaseError(operation: "open \(path)", code: extended, message: message)
        }
        open = handle
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(
            handle,
            Int32(
                clamping: options.busyTimeout.components.seconds * 1_000
                    + options.busyTimeout.components.attoseconds / 1_000_000_000_000_000))
        do {
            for pragma in options.pragmas { try execute(pragma) }
            try check(options)
            if options.autoCheckpointPages == 0 { countFrames() }
            if options.keepsLog {
                var keeps: Int32 = 1
                sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keeps)
            }
        } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    /// Finalises the cached statements and closes. Statements that a caller still holds keep the file open until they
    /// go. Further calls do nothing.
    package func close() {
        cache.removeAll()
        sqlite3_close_v2(open)
        open = nil
    }

    // MARK: Statements

    /// Runs a script of any number of statements and ignores their rows.
    package func execute(_ script: String) throws(DatabaseError) {
        let code = sqlite3_exec(handle, script, nil, nil, nil)
        guard code == SQLITE_OK else { throw DatabaseError("execute", script, code: code, of: handle) }
    }

    /// A statement that the caller keeps for long.
    package func prepare(_ sql: String) throws(DatabaseError) -> Statement {
        try Statement(sql, on: self, persistent: true)
    }

    /// Runs one statement to its end, by a cached prepared form. Returns how many rows it changed.
    @discardableResult
    package func run(_ sql: String, _ values: Value...) throws(DatabaseError) -> Int {
        let statement = try checkOut(sql)
        defer { checkIn(statement) }
        try statement.bind(values)
        try statement.run()
        return changes
    }

    /// Calls `row` for each row of one statement, by a cached prepared form. The statement's columns are to be read
    /// inside `row` only. The statement is reset at the end, also when `row` throws.
    package func query<Failure: Error>(
        _ sql: String, _ values: Value..., row: (Statement) throws(Failure) -> Void
    ) throws {
        let statement = try checkOut(sql)
        defer { checkIn(statement) }
        try statement.bind(values)
        while try statement.step() { try row(statement) }
    }

    /// The first column of the first row; nil when there is no row.
    package func first(_ sql: String, _ values: Value...) throws(DatabaseError) -> Value? {
        let statement = try checkOut(sql)
        defer { checkIn(statement) }
        try statement.bind(values)
        return try statement.step() ? statement.value(0) : nil
    }

    /// The rows that the last INSERT, UPDATE or DELETE changed.
    package var changes: Int { Int(sqlite3_changes64(handle)) }

    package var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Prepared forms kept for `run`, `query` and `first`; tests look at it.
    package var cachedStatements: Int { cache.count }

    private func checkOut(_ sql: String) throws(DatabaseError) -> Statement {
        if let cached = cache.take(sql) { return cached }
        return try Statement(sql, on: self, persistent: true)
    }

    private func checkIn(_ statement: Statement) {
        statement.reset()
        statement.clearBindings()
        cache.put(statement, max: cachedStatementsMax)
    }

    // MARK: Copies

    /// The whole database as it is committed now, as the bytes of a file; within a transaction, as that sees it.
    package func serialized() throws(DatabaseError) -> [UInt8] {
        var count: sqlite3_int64 = 0
        guard let bytes = sqlite3_serialize(handle, "main", &count, 0) else {
            throw DatabaseError("serialize", nil, code: SQLITE_NOMEM, of: handle)
        }
        defer { sqlite3_free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    // MARK: Upkeep

    /// What a checkpoint did, in frames (pages) of the write-ahead log.
    package struct Checkpoint: Hashable, Sendable {
        /// Frames in the log, after the checkpoint.
        package var frames: Int
        /// Of them, moved into the database file.
        package var moved: Int
        /// Everything is in the database file, which is synced: nothing depends on the write-ahead log any more.
        package var isComplete: Bool { frames == moved }
    }

    package enum CheckpointMode: Int32, Sendable {
        /// As much as is possible without waiting for readers.
        case passive = 0
        /// Everything; waits for readers within the busy timeout.
        case full = 1
        /// Everything, and the log starts again from its beginning.
        case restart = 2
        /// Everything, and the log is cut to no bytes.
        case truncate = 3
    }

    /// Moves the write-ahead log into the database file and syncs it. Throws `busy` where readers kept it from that.
    @discardableResult
    package func checkpoint(_ mode: CheckpointMode) throws(DatabaseError) -> Checkpoint {
        var frames: Int32 = 0
        var moved: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(handle, nil, mode.rawValue, &frames, &moved)
        guard code == SQLITE_OK else { throw DatabaseError("checkpoint", nil, code: code, of: handle) }
        let checkpoint = Checkpoint(frames: Int(max(0, frames)), moved: Int(max(0, moved)))
        self.frames = checkpoint.isComplete ? 0 : checkpoint.frames
        return checkpoint
    }

    private func countFrames() {
        // The hook takes the place of SQLite's own, which would checkpoint.
        let owner = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_wal_hook(
            handle,
            { owner, _, _, frames in
                Unmanaged<Connection>.fromOpaque(owner!).takeUnretainedValue().frames = Int(frames)
                return SQLITE_OK
            }, owner)
    }

    /// Gives unused page cache back to the allocator.
    package func releaseMemory() { sqlite3_db_release_memory(handle) }

    /// True in the midst of a transaction. SQLite ends one on its own when the disk is full, for example.
    package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Journal mode and durability are promises: a file system that cannot keep them is an error, not a surprise.
    private func check(_ options: Options) throws(DatabaseError) {
        guard options.journal == .wal, options.access != .readOnly else { return }
        guard try first("PRAGMA journal_mode") == .text("wal") else {
            throw DatabaseError(
                operation: "open", code: SQLITE_CANTOPEN,
                message: "this file system does not support a write-ahead log; choose a local disk")
        }
    }

    /// Once for the process, before any other call.
    private static let isLibraryReady = csqlite_configure() == SQLITE_OK && sqlite3_initialize() == SQLITE_OK
}
