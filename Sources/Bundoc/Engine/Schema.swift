import SQL

/// The form of the store's file.
///
/// One table holds the documents of all collections: a project with hundreds of small ones then costs no more pages,
/// no more of SQLite's memory for schemas and no more prepared statements than one with one.
enum Schema {
    static let migrations = Migrations([
        """
        CREATE TABLE collections(
            number INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            created INTEGER NOT NULL
        );
        CREATE TABLE documents(
            pk INTEGER PRIMARY KEY,
            collection INTEGER NOT NULL,
            id TEXT NOT NULL,
            revision INTEGER NOT NULL,
            document BLOB NOT NULL,
            UNIQUE(collection, id)
        );
        CREATE TABLE dropped(collection INTEGER PRIMARY KEY);
        CREATE TABLE state(
            one INTEGER PRIMARY KEY CHECK(one = 1),
            applied INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            collections INTEGER NOT NULL
        );
        INSERT INTO state VALUES (1, 0, 0, 0);
        """
    ])
}
