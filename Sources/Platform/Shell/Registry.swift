import Contracts
import Linux
import Nouns
import Projects
import SQL

/// The projects on disk: an SQLite file, synced with each change, and beside it the key table's snapshot for fronts.
///
/// A change is durable, in both files, when its call returns. Where the disk is full it throws, and neither changed.
package final class Registry {
    /// One part of the list of projects, newest first.
    package struct Page {
        package var projects: [Project]
        /// What the next page begins behind; nil when there is none.
        package var next: Int64?
    }

    package static let fileName = "registry.sqlite"

    let connection: Connection
    private let snapshot: SnapshotFile
    /// The table as the fronts are to have it.
    package private(set) var keys: VersionedKeys

    private static let migrations = Migrations([
        """
        CREATE TABLE project (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            slug TEXT NOT NULL UNIQUE,
            key TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL CHECK (state IN ('active', 'deleting')),
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            version INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE tombstone (project TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;
        CREATE TABLE key_table (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            version INTEGER NOT NULL,
            floor INTEGER NOT NULL
        ) STRICT;
        INSERT INTO key_table VALUES (1, 0, 0);
        """,
        "ALTER TABLE project ADD COLUMN limits TEXT NOT NULL DEFAULT '';\n" + tokenTables,
    ])

    /// Opens or creates the registry in a directory, and writes the snapshot anew from it.
    package init(directory: String) throws {
        var options = Connection.Options()
        options.isExclusive = true
        options.journalBytesMax = 1 << 20
        connection = try Connection(path: directory + "/" + Self.fileName, options: options)
        try Self.migrations.apply(to: connection)
        keys = try Self.readKeys(connection)
        snapshot = SnapshotFile(directory: directory)
        try snapshot.prepare(keys.snapshot)
        try snapshot.publish()
    }

    package func close() { connection.close() }

    /// The file as it is now, for a backup.
    package func copy() throws -> [UInt8] { try connection.serialized() }

    // MARK: Reading

    package func count() throws -> Int {
        guard case .integer(let count)? = try connection.first("SELECT count(*) FROM project") else { return 0 }
        return Int(count)
    }

    /// By id, else by slug.
    package func project(_ idOrSlug: String) throws -> Project? {
        try first("WHERE id = ?", idOrSlug) ?? first("WHERE slug = ?", idOrSlug)
    }

    package func projects(_ state: Project.State) throws -> [Project] {
        var projects: [Project] = []
        try connection.query(Self.select + "WHERE state = ? ORDER BY seq", .text(state.rawValue)) { row in
            projects.append(try Self.project(row))
        }
        return projects
    }

    /// `after`: where an earlier page ended; nil for the first.
    package func page(limit: Int, after: Int64?) throws -> Page {
        var page = Page(projects: [], next: nil)
        var last: Int64 = 0
        try connection.query(
            Self.select + "WHERE seq < ? ORDER BY seq DESC LIMIT ?", .integer(after ?? .max), .integer(limit + 1)
        ) { row in
            if page.projects.count == limit {
                page.next = last
            } else {
                page.projects.append(try Self.project(row))
                last = row.integer(7)
            }
        }
        return page
    }

    package func hasSlug(_ slug: Slug) throws -> Bool {
        try connection.first("SELECT 1 FROM project WHERE slug = ?", .text(slug.text)) != nil
    }

    // MARK: Changing

    package func insert(_ project: Project) throws {
        try change { keys in
            let version = keys.set(project.keyEntry)
            try connection.run(
                "INSERT INTO project (id, name, slug, key, state, created, updated, version) "
                    + "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                .text(project.id.text), .text(project.name.text), .text(project.slug.text), .text(project.key.text),
                .text(project.state.rawValue), .integer(project.created), .integer(project.updated),
                .integer(Int64(version)))
        }
    }

    /// Gives an active project another key; the old one is dead in the table from now on.
    package func rotate(_ project: Project) throws {
        try change { keys in
            let version = keys.set(project.keyEntry)
            try connection.run(
                "UPDATE project SET key = ?, updated = ?, version = ? WHERE id = ?", .text(project.key.text),
                .integer(project.updated), .integer(Int64(version)), .text(project.id.text))
        }
    }

    /// Gives an active project other limits.
    package func limit(_ project: Project) throws {
        try change { keys in
            let version = keys.set(project.keyEntry)
            try connection.run(
                "UPDATE project SET limits = ?, updated = ?, version = ? WHERE id = ?",
                .text(project.limits.description), .integer(project.updated), .integer(Int64(version)),
                .text(project.id.text))
        }
    }

    /// Marks a project as being deleted and takes its key out of the table.
    package func fence(_ project: ProjectID, updated: Int64) throws {
        try change { keys in
            let version = keys.remove(project)
            try connection.run(
                "UPDATE project SET state = 'deleting', updated = ?, version = ? WHERE id = ?", .integer(updated),
                .integer(Int64(version)), .text(project.text))
            try connection.run(
                "INSERT INTO tombstone VALUES (?, ?)", .text(project.text), .integer(Int64(version)))
            try connection.run("DELETE FROM token_project WHERE project = ?", .text(project.text))
            try connection.run("DELETE FROM tombstone WHERE version <= ?", .integer(Int64(keys.floor)))
        }
    }

    /// Removes what is left of a project that is being deleted.
    package func forget(_ project: ProjectID) throws {
        try connection.run("DELETE FROM project WHERE id = ? AND state = 'deleting'", .text(project.text))
    }

    /// The new snapshot lies on disk, complete, before the change is committed, and takes its place right behind: so
    /// a full disk is met before anything has changed.
    func change(_ body: (inout VersionedKeys) throws -> Void) throws {
        var changed = keys
        do {
            try connection.transaction {
                try body(&changed)
                try connection.run(
                    "UPDATE key_table SET version = ?, floor = ?", .integer(Int64(changed.version)),
                    .integer(Int64(changed.floor)))
                try snapshot.prepare(changed.snapshot)
            }
        } catch {
            snapshot.discard()
            throw error
        }
        keys = changed
        try snapshot.publish()
    }

    // MARK: Rows

    private static let select = "SELECT id, name, slug, key, state, created, updated, seq, limits FROM project "

    /// A row that this program cannot have written.
    package struct Damaged: Error, CustomStringConvertible {
        package let description: String
    }

    private func first(_ condition: String, _ value: String) throws -> Project? {
        var project: Project?
        try connection.query(Self.select + condition, .text(value)) { row in project = try Self.project(row) }
        return project
    }

    private static func project(_ row: Statement) throws -> Project {
        guard let id = ProjectID(row.text(0)), let name = ProjectName(row.text(1)),
            let slug = Slug(stored: row.text(2)),
            let key = ProjectKey(row.text(3)), let state = Project.State(rawValue: row.text(4)),
            let limits = ProjectLimits.Overrides(row.text(8))
        else { throw Damaged(description: "row \(row.integer(7)) of the registry is not a project") }
        return Project(
            id: id, name: name, slug: slug, key: key, limits: limits, state: state, created: row.integer(5),
            updated: row.integer(6))
    }

    private static func readKeys(_ connection: Connection) throws -> VersionedKeys {
        var (version, floor): (UInt64, UInt64) = (0, 0)
        try connection.query("SELECT version, floor FROM key_table") { row in
            (version, floor) = (UInt64(row.integer(0)), UInt64(row.integer(1)))
        }
        var entries: [VersionedKeys.Entry] = []
        try connection.query("SELECT id, slug, key, version, limits FROM project WHERE state = 'active'") { row in
            guard let id = ProjectID(row.text(0)), let limits = ProjectLimits.Overrides(row.text(4)) else {
                throw Damaged(description: "an id or limits of the registry are not of the form")
            }
            let entry = KeyEntry(project: id, slug: row.text(1), key: row.text(2), limits: limits)
            entries.append(VersionedKeys.Entry(entry, version: UInt64(row.integer(3))))
        }
        var tombstones: [VersionedKeys.Tombstone] = []
        try connection.query("SELECT project, version FROM tombstone") { row in
            guard let id = ProjectID(row.text(0)) else {
                throw Damaged(description: "a tombstone of the registry is not of the form")
            }
            tombstones.append(VersionedKeys.Tombstone(id, version: UInt64(row.integer(1))))
        }
        return VersionedKeys(version: version, floor: floor, entries: entries, tombstones: tombstones)
    }
}
