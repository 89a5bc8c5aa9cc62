import Glibc
import JSON
import Linux

/// How the last backup went: a file that outlives it, for the status and for alerts.
package struct Outcome: Hashable, Sendable {
    /// When it ended; RFC 3339.
    package var finishedAt: String
    /// The backups' directory.
    package var directory: String
    /// Nil when no backup came of it.
    package var name: String?
    package var projects: Int
    package var bytes: Int64
    /// Why not all is in it; empty: all went well.
    package var failures: [Manifest.Gap]

    package var isGood: Bool { failures.isEmpty && name != nil }

    package init(
        finishedAt: String, directory: String, name: String?, projects: Int, bytes: Int64, failures: [Manifest.Gap]
    ) {
        (self.finishedAt, self.directory, self.name) = (finishedAt, directory, name)
        (self.projects, self.bytes, self.failures) = (projects, bytes, failures)
    }

    /// Below the directory of a cluster's data.
    package static func path(data: String) -> String { data + "/backup/last.json" }

    private var json: JSONValue {
        let failures = failures.map {
            JSONValue.object(JSONObject([("what", .string($0.what)), ("reason", .string($0.reason))]))
        }
        return .object(
            JSONObject([
                ("finished_at", .string(finishedAt)), ("ok", .bool(isGood)), ("directory", .string(directory)),
                ("name", name.map { .string($0) } ?? .null), ("projects", .integer(Int64(projects))),
                ("bytes", .integer(bytes)), ("failures", .array(failures)),
            ]))
    }

    /// Replaces what was told of the one before; the old or the new is there, also after a power loss.
    package func write(data: String) throws(SystemError) {
        let path = Self.path(data: data)
        if mkdir(data + "/backup", 0o755) != 0, errno != EEXIST { throw SystemError("mkdir", path: data + "/backup") }
        try FileBytes.write(json.bytes + [10], to: path + ".new", mode: 0o644)
        try SystemError.check("rename", path: path) { rename(path + ".new", path) }
        try FileBytes.syncDirectory(data + "/backup")
    }

    /// Nil when there was none, or it cannot be read.
    package init?(data: String) {
        guard let bytes = try? SmallFile.read(Self.path(data: data)), let json = try? JSONValue(parsing: bytes),
            let finishedAt = json["finished_at"]?.string, let directory = json["directory"]?.string
        else { return nil }
        self.init(
            finishedAt: finishedAt, directory: directory, name: json["name"]?.string,
            projects: json["projects"]?.int ?? 0, bytes: json["bytes"]?.integer ?? 0,
            failures: (json["failures"]?.array ?? []).map {
                Manifest.Gap(what: $0["what"]?.string ?? "?", reason: $0["reason"]?.string ?? "?")
            })
    }
}
