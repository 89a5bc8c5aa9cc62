import CSQLite

/// A prepared statement: bind, step, read columns, reset.
///
/// Parameters count from 1, columns from 0, as in SQLite. Belongs to its connection's thread. One that outlives
/// `Connection.close` keeps the file open.
package final class Statement {
    package let sql: String
    private let handle: OpaquePointer

    init(_ sql: String, on connection: Connection, persistent: Bool) throws(DatabaseError) {
        var handle: OpaquePointer?
        let flags = persistent ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
        let code = sqlite3_prepare_v3(connection.handle, sql, -1, flags, &handle, nil)
        guard code == SQLITE_OK else {
            throw DatabaseError("prepare", sql, code: code, of: connection.handle)
        }
        guard let handle else {
            throw DatabaseError(
                operation: "prepare", code: SQLITE_MISUSE, message: "the text holds no statement")
        }
        (self.sql, self.handle) = (sql, handle)
    }

    deinit { sqlite3_finalize(handle) }

    /// Stepped, and neither at its end nor reset.
    package var isBusy: Bool { sqlite3_stmt_busy(handle) != 0 }

    package var columnCount: Int { Int(sqlite3_column_count(handle)) }

    // MARK: Binding

    package func bind(_ index: Int, _ value: Int64) throws(DatabaseError) {
        try check("bind", sqlite3_bind_int64(handle, Int32(index), value))
    }

    package func bind(_ index: Int, _ value: Int) throws(DatabaseError) { try bind(index, Int64(value)) }

    package func bind(_ index: Int, _ value: Double) throws(DatabaseError) {
        try check("bind", sqlite3_bind_double(handle, Int32(index), value))
    }

    package func bindNull(_ index: Int) throws(DatabaseError) {
        try check("bind", sqlite3_bind_null(handle, Int32(index)))
    }

    package func bind(_ index: Int, _ text: String) throws(DatabaseError) {
        var text = text
        let code = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                csqlite_bind_text(handle, Int32(index), $0.baseAddress ?? Self.nothing, Int64($0.count))
            }
        }
        try check("bind", code)
    }

    /// A blob, copied.
    package func bind(_ index: Int, _ bytes: [UInt8]) throws(DatabaseError) {
        let code = bytes.withUnsafeBytes {
            csqlite_bind_blob(
                handle, Int32(index), $0.baseAddress ?? UnsafeRawPointer(Self.nothing), Int64($0.count))
        }
        try check("bind", code)
    }

    /// A blob, not copied: the bytes must live until the statement is reset or bound anew.
    package func bind(_ index: Int, unowned bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
        let start = bytes.baseAddress ?? UnsafeRawPointer(Self.nothing)
        try check("bind", csqlite_bind_blob_unowned(handle, Int32(index), start, Int64(bytes.count)))
    }

    /// UTF-8 text, not copied: the bytes must live until the statement is reset or bound anew.
    package func bind(_ index: Int, unownedText bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
        let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? Self.nothing
        try check("bind", csqlite_bind_text_unowned(handle, Int32(index), start, Int64(bytes.count)))
    }

    package func bind(_ index: Int, _ value: Value) throws(DatabaseError) {
        switch value {
        case .null: try bindNull(index)
        case .integer(let value): try bind(index, value)
        case .real(let value): try bind(index, value)
        case .text(let value): try bind(index, value)
        case .blob(let value): try bind(index, value)
        }
    }

    /// Binds parameters 1, 2, ….
    package func bind(_ values: [Value]) throws(DatabaseError) {
        for (offset, value) in values.enumerated() { try bind(offset + 1, value) }
    }

    // MARK: Stepping

    /// True when a row is there to be read, false at the end; then the statement is reset.
    package func step() throws(DatabaseError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        case let code:
            let failure = DatabaseError("step", sql, code: code, of: sqlite3_db_handle(handle))
            sqlite3_reset(handle)
            throw failure
        }
    }

    /// Runs to the end and ignores rows.
    package func run() throws(DatabaseError) {
        while try step() {}
    }

    /// Ends a read that has not come to its end. Needed after reading only the first rows: an open read holds the
    /// write-ahead log back.
    package func reset() { sqlite3_reset(handle) }

    /// Forgets what is bound.
    package func clearBindings() { sqlite3_clear_bindings(handle) }

    // MARK: Columns of the current row

    package func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL }

    package func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }

    package func real(_ column: Int) -> Double { sqlite3_column_double(handle, Int32(column)) }

    /// Empty for NULL. Bytes that are not UTF-8 are repaired.
    package func text(_ column: Int) -> String {
        guard let start = sqlite3_column_text(handle, Int32(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// Nil for NULL.
    package func textOrNil(_ column: Int) -> String? { isNull(column) ? nil : text(column) }

    /// A copy; empty for NULL.
    package func bytes(_ column: Int) -> [UInt8] { withBytes(column) { [UInt8]($0) } }

    /// The bytes of a blob or text where they lie; they are gone after `body`.
    package func withBytes<Result, Failure: Error>(
        _ column: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = sqlite3_column_blob(handle, Int32(column))
        return try body(
            UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, Int32(column)))))
    }

    package func value(_ column: Int) -> Value {
        switch sqlite3_column_type(handle, Int32(column)) {
        case SQLITE_INTEGER: .integer(integer(column))
        case SQLITE_FLOAT: .real(real(column))
        case SQLITE_TEXT: .text(text(column))
        case SQLITE_BLOB: .blob(bytes(column))
        default: .null
        }
    }

    /// An empty value still needs an address: SQLite takes a null pointer for NULL.
    nonisolated(unsafe) static let nothing = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))

    private func check(_ operation: String, _ code: Int32) throws(DatabaseError) {
        guard code == SQLITE_OK else {
            throw DatabaseError(operation, sql, code: code, of: sqlite3_db_handle(handle))
        }
    }
}
