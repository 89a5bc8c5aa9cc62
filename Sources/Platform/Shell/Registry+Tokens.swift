import Contracts
import Linux
import Nouns
import Projects
import SQL

/// Operators' tokens, by the hashes of their secrets.
extension Registry {
    static let tokenTables = """
        CREATE TABLE token (
            id TEXT PRIMARY KEY,
            hash TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL UNIQUE,
            is_for_all INTEGER NOT NULL CHECK (is_for_all IN (0, 1)),
            created INTEGER NOT NULL,
            expires INTEGER,
            last_used INTEGER
        ) STRICT;
        CREATE TABLE token_project (
            token TEXT NOT NULL REFERENCES token (id) ON DELETE CASCADE,
            project TEXT NOT NULL,
            PRIMARY KEY (token, project)
        ) STRICT, WITHOUT ROWID;
        """

    private static let selectToken = "SELECT id, name, is_for_all, created, expires, last_used FROM token "

    // MARK: Reading

    package func tokenCount() throws -> Int {
        guard case .integer(let count)? = try connection.first("SELECT count(*) FROM token") else { return 0 }
        return Int(count)
    }

    /// All of them, by name.
    package func tokens() throws -> [IssuedToken] { try tokens("ORDER BY name") }

    package func token(_ hash: SecretHash) throws -> IssuedToken? { try tokens("WHERE hash = ?", hash.hex).first }

    /// By id, else by name.
    package func token(_ idOrName: String) throws -> IssuedToken? {
        try tokens("WHERE id = ?", idOrName).first ?? tokens("WHERE name = ?", idOrName).first
    }

    private func tokens(_ condition: String, _ value: String? = nil) throws -> [IssuedToken] {
        var tokens: [IssuedToken] = []
        if let value {
            try connection.query(Self.selectToken + condition, .text(value)) { tokens.append(try token($0)) }
        } else {
            try connection.query(Self.selectToken + condition) { tokens.append(try token($0)) }
        }
        return tokens
    }

    private func token(_ row: Statement) throws -> IssuedToken {
        guard let id = TokenID(row.text(0)), let name = TokenName(row.text(1)) else {
            throw Damaged(description: "a token of the registry is not of the form")
        }
        return IssuedToken(
            id: id, name: name, scope: row.integer(2) == 1 ? .all : .projects(try projects(of: id)),
            created: row.integer(3), expires: row.isNull(4) ? nil : row.integer(4),
            lastUsed: row.isNull(5) ? nil : row.integer(5))
    }

    private func projects(of token: TokenID) throws -> [ProjectID] {
        var projects: [ProjectID] = []
        try connection.query("SELECT project FROM token_project WHERE token = ? ORDER BY project", .text(token.text)) {
            guard let project = ProjectID($0.text(0)) else {
                throw Damaged(description: "a token's project in the registry is not of the form")
            }
            projects.append(project)
        }
        return projects
    }

    // MARK: Changing

    /// Keeps a new token, and forgets those that expired long ago.
    package func insert(_ token: IssuedToken, _ hash: SecretHash) throws {
        try connection.transaction {
            let (isForAll, projects) =
                switch token.scope {
                case .all: (1, [ProjectID]())
                case .projects(let projects): (0, projects)
                }
            try connection.run("DELETE FROM token WHERE expires < ?", .integer(token.created - IssuedToken.expiredKept))
            try connection.run(
                "INSERT INTO token (id, hash, name, is_for_all, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
                .text(token.id.text), .text(hash.hex), .text(token.name.text), .integer(isForAll),
                .integer(token.created), token.expires.map { .integer($0) } ?? .null)
            for project in projects {
                try connection.run(
                    "INSERT OR IGNORE INTO token_project VALUES (?, ?)", .text(token.id.text), .text(project.text))
            }
        }
    }

    package func noteUse(of token: TokenID, at moment: Int64) throws {
        try connection.run("UPDATE token SET last_used = ? WHERE id = ?", .integer(moment), .text(token.text))
    }

    /// Forgets a token; the table's new version tells the fronts to forget it too.
    package func revoke(_ token: TokenID) throws {
        try change { keys in
            _ = keys.revoke(token)
            try connection.run("DELETE FROM token WHERE id = ?", .text(token.text))
        }
    }
}
