import Documents
import Glibc
import SQL

/// The view of the log that reads are answered from: a SQLite file.
///
/// Everything is on one connection, which keeps the file locked for as long as it is open. A commit is not synced:
/// what a power loss takes from it, the log gives back, because `applied` is part of every commit.
final class Store {
    /// Where the store stands in the log, and the last numbers it gave away.
    struct Position: Hashable {
        /// The offset behind the last record that was applied.
        var applied: UInt64
        var revision: Revision
        var collection: CollectionNumber
    }

    struct StoredDocument: Hashable {
        var id: String
        var revision: Revision
        var bytes: [UInt8]
    }

    /// No file: what SQLite calls a database in memory.
    private static let inMemory = ":memory:"

    /// Frames of the write-ahead log at which it is checkpointed.
    static let framesMax = 1_000
    /// Documents of dropped collections that one step removes.
    static let purgeStep = 500

    let connection: Connection
    private let path: String
    /// Within a transaction, as it will be after the commit.
    private(set) var position: Position
    private var committed: Position

    // Each is prepared when first needed: a process that only reads pays for nothing else.
    private lazy var selectDocument = Lazy(
        connection, "SELECT revision, document FROM documents WHERE collection = ?1 AND id = ?2")
    private lazy var selectRevision = Lazy(
        connection, "SELECT revision FROM documents WHERE collection = ?1 AND id = ?2")
    private lazy var selectDocuments = Lazy(
        connection,
        """
        SELECT id, revision, document FROM documents WHERE collection = ?1 AND id > ?2
        ORDER BY id LIMIT ?3 OFFSET ?4
        """)
    private lazy var selectCollection = Lazy(connection, "SELECT number FROM collections WHERE name = ?1")
    private lazy var putDocument = Lazy(
        connection,
        """
        INSERT INTO documents(collection, id, revision, document) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT(collection, id) DO UPDATE SET revision = excluded.revision, document = excluded.document
        """)
    private lazy var deleteDocument = Lazy(
        connection, "DELETE FROM documents WHERE collection = ?1 AND id = ?2")
    private lazy var updateState = Lazy(
        connection, "UPDATE state SET applied = ?1, revision = ?2, collections = ?3 WHERE one = 1")

    /// - Parameter cacheKiB: SQLite's page cache.
    init(path: String, cacheKiB: Int) throws {
        var options = Connection.Options()
        options.synchronous = .normal
        options.isExclusive = true
        options.cacheKiB = cacheKiB
        options.autoCheckpointPages = 0
        options.keepsLog = true
        options.hasForeignKeys = false
        if path == Self.inMemory { options.journal = .delete }
        self.path = path
        connection = try Connection(path: path, options: options)
        try Schema.migrations.apply(to: connection)
        position = Position(applied: 0, revision: Revision(0), collection: CollectionNumber(0))
        committed = position
        try connection.query("SELECT applied, revision, collections FROM state") { row in
            position = Position(
                applied: UInt64(bitPattern: row.integer(0)), revision: Revision(UInt64(bitPattern: row.integer(1))),
                collection: CollectionNumber(UInt32(truncatingIfNeeded: row.integer(2))))
        }
        committed = position
    }

    /// Opens a store in memory, reads from it and forgets it: the next one opens faster.
    static func rehearse() {
        guard let store = try? Store(path: inMemory, cacheKiB: 64) else { return }
        _ = try? store.hasDropped
        if let name = try? CollectionName("rehearsal") { _ = try? store.number(of: name) }
        _ = try? store.document(CollectionNumber(1), "rehearsal")
        store.close()
    }

    // MARK: Reading

    func number(of collection: CollectionName) throws(DatabaseError) -> CollectionNumber? {
        let statement = try selectCollection.statement
        defer { statement.reset() }
        try statement.bind(1, collection.text)
        return try statement.step() ? CollectionNumber(UInt32(truncatingIfNeeded: statement.integer(0))) : nil
    }

    /// Names that begin with `prefix`, in the order of their bytes.
    func collections(prefix: String, max: Int) throws -> [String] {
        var names: [String] = []
        try connection.query(
            "SELECT name FROM collections WHERE name >= ?1 ORDER BY name LIMIT ?2", .text(prefix), .integer(max)
        ) { row in
            let name = row.text(0)
            if name.utf8.starts(with: prefix.utf8) { names.append(name) }
        }
        return names
    }

    func collectionCount() throws(DatabaseError) -> Int {
        guard case .integer(let count)? = try connection.first("SELECT count(*) FROM collections") else { return 0 }
        return Int(count)
    }

    func document(_ collection: CollectionNumber, _ id: String) throws(DatabaseError) -> StoredDocument? {
        let statement = try selectDocument.statement
        defer { statement.reset() }
        try statement.bind(1, Int64(collection.number))
        try statement.bind(2, id)
        guard try statement.step() else { return nil }
        return StoredDocument(
            id: id, revision: Revision(UInt64(bitPattern: statement.integer(0))), bytes: statement.bytes(1))
    }

    func revision(_ collection: CollectionNumber, _ id: String) throws(DatabaseError) -> Revision? {
        let statement = try selectRevision.statement
        defer { statement.reset() }
        try statement.bind(1, Int64(collection.number))
        try statement.bind(2, id)
        return try statement.step() ? Revision(UInt64(bitPattern: statement.integer(0))) : nil
    }

    /// Calls with documents in the order of their ids' bytes, until `body` returns false.
    func forEachDocument(
        in collection: CollectionNumber, after: String, skip: Int, limit: Int,
        _ body: (_ id: () -> String, _ document: UnsafeRawBufferPointer) -> Bool
    ) throws(DatabaseError) {
        let statement = try selectDocuments.statement
        defer { statement.reset() }
        try statement.bind(1, Int64(collection.number))
        try statement.bind(2, after)
        try statement.bind(3, limit)
        try statement.bind(4, skip)
        while try statement.step() {
            guard statement.withBytes(2, { body({ statement.text(0) }, $0) }) else { return }
        }
    }

    // MARK: Writing

    var isInTransaction: Bool { connection.isInTransaction }

    func begin() throws(DatabaseError) { try connection.begin() }

    /// Forgets everything since `begin`.
    func rollBack() {
        connection.rollBack()
        position = committed
    }

    /// Makes the transaction last, with where it leads to in the log. On failure it is rolled back.
    func commit() throws(DatabaseError) {
        do throws(DatabaseError) {
            let statement = try updateState.statement
            try statement.bind(1, Int64(bitPattern: position.applied))
            try statement.bind(2, Int64(bitPattern: position.revision.number))
            try statement.bind(3, Int64(position.collection.number))
            try statement.run()
            try connection.commit()
            committed = position
        } catch {
            rollBack()
            throw error
        }
    }

    /// Applies the effects of one record within the transaction.
    ///
    /// - Parameter end: the offset behind the record; nil while it has none yet, `reached` then says it.
    func apply(_ record: EffectRecord, end: UInt64?) throws(DatabaseError) {
        for (index, effect) in record.effects.enumerated() {
            try apply(effect, Revision(record.first.number + UInt64(index)), at: record.time)
        }
        position.revision = record.last
        if let end { position.applied = end }
    }

    /// Says where in the log the applied records end.
    func reached(_ end: UInt64) { position.applied = end }

    private func apply(_ effect: Effect, _ revision: Revision, at time: Int64) throws(DatabaseError) {
        switch effect {
        case .createCollection(let collection, let name):
            try connection.run(
                "INSERT INTO collections VALUES (?1, ?2, ?3)", .integer(Int64(collection.number)), .text(name),
                .integer(time))
            position.collection = max(position.collection, collection)
        case .dropCollection(let collection):
            try connection.run("DELETE FROM collections WHERE number = ?1", .integer(Int64(collection.number)))
            try connection.run("INSERT OR IGNORE INTO dropped VALUES (?1)", .integer(Int64(collection.number)))
        case .put(let collection, let id, let document):
            let statement = try putDocument.statement
            try statement.bind(1, Int64(collection.number))
            try statement.bind(2, id)
            try statement.bind(3, Int64(bitPattern: revision.number))
            try statement.bind(4, document)
            try statement.run()
            statement.clearBindings()
        case .delete(let collection, let id):
            let statement = try deleteDocument.statement
            try statement.bind(1, Int64(collection.number))
            try statement.bind(2, id)
            try statement.run()
        }
    }

    // MARK: Upkeep

    var hasDropped: Bool {
        get throws(DatabaseError) { try connection.first("SELECT 1 FROM dropped") != nil }
    }

    /// Removes some documents of dropped collections, in a transaction of its own; true while there are more. The log
    /// knows nothing of it: nobody can see them any more.
    func purgeStep() throws -> Bool {
        guard case .integer(let collection)? = try connection.first("SELECT collection FROM dropped LIMIT 1") else {
            return false
        }
        try connection.transaction {
            let removed = try connection.run(
                "DELETE FROM documents WHERE pk IN (SELECT pk FROM documents WHERE collection = ?1 LIMIT ?2)",
                .integer(collection), .integer(Self.purgeStep))
            if removed < Self.purgeStep {
                try connection.run("DELETE FROM dropped WHERE collection = ?1", .integer(collection))
            }
        }
        return try hasDropped
    }

    /// Whether the write-ahead log is long enough to be moved into the file.
    var needsCheckpoint: Bool { connection.frames >= Self.framesMax }

    /// Bytes by which a checkpoint will let the file grow.
    var growth: Int {
        get throws(DatabaseError) {
            guard case .integer(let pages)? = try connection.first("PRAGMA page_count") else { return 0 }
            var status = stat()
            guard stat(path, &status) == 0 else { return 0 }
            return max(0, Int(pages) * Connection.Options().pageBytes - Int(status.st_size))
        }
    }

    /// Bytes of the pages that hold something: what deletes give back is used again before the file grows.
    var used: Int {
        get throws(DatabaseError) {
            guard case .integer(let pages)? = try connection.first("PRAGMA page_count"),
                case .integer(let free)? = try connection.first("PRAGMA freelist_count")
            else { return 0 }
            return Int(pages - free) * Connection.Options().pageBytes
        }
    }

    /// Moves the write-ahead log into the file and syncs it. True: everything up to `position.applied` survives a
    /// power loss without the log.
    func checkpoint(_ mode: Connection.CheckpointMode) throws(DatabaseError) -> Bool {
        try connection.checkpoint(mode).isComplete
    }

    /// Unlocks the file. Nothing may be asked afterwards.
    func close() {
        rollBack()
        let statements = [
            selectDocument, selectRevision, selectDocuments, selectCollection, putDocument, deleteDocument, updateState,
        ]
        for statement in statements { statement.release() }
        connection.close()
    }
}

/// A statement that is prepared when it is first used.
private final class Lazy {
    private let connection: Connection
    private let sql: String
    private var prepared: Statement?

    init(_ connection: Connection, _ sql: String) { (self.connection, self.sql) = (connection, sql) }

    func release() { prepared = nil }

    var statement: Statement {
        get throws(DatabaseError) {
            if let prepared { return prepared }
            let statement = try connection.prepare(sql)
            prepared = statement
            return statement
        }
    }
}
