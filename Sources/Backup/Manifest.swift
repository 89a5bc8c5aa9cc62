import JSON
import Nouns

/// What a backup holds, and what it lacks.
package struct Manifest: Hashable, Sendable {
    /// A project as the registry named it.
    package struct Project: Hashable, Sendable {
        package var id: ProjectID
        package var slug: String
        package var name: String
        package init(id: ProjectID, slug: String, name: String) { (self.id, self.slug, self.name) = (id, slug, name) }
    }

    /// Something that is not in the backup, though it should be.
    package struct Gap: Hashable, Sendable {
        /// A project's id, or `registry`.
        package var what: String
        package var reason: String
        package init(what: String, reason: String) { (self.what, self.reason) = (what, reason) }
    }

    /// Of the form of this file and of what lies beside it. Others are refused.
    package static let format = 1

    /// When it was begun; RFC 3339.
    package var createdAt: String
    /// Of the program that made it.
    package var program: String
    /// Whether all projects of the cluster were asked for.
    package var isWhole: Bool
    package var projects: [Project] = []
    package var gaps: [Gap] = []
    /// Directories before what is in them.
    package var entries: [Entry] = []

    package init(createdAt: String, program: String, isWhole: Bool) {
        (self.createdAt, self.program, self.isWhole) = (createdAt, program, isWhole)
    }

    package var isComplete: Bool { gaps.isEmpty }
    package var bytes: Int64 { entries.reduce(0) { $0 + $1.size } }

    package func entries(of project: ProjectID) -> [Entry] {
        let folder = Self.folder(of: project)
        return entries.filter { $0.path == folder || $0.path.hasPrefix(folder + "/") }
    }

    /// Where a project's data lies in a backup.
    package static func folder(of project: ProjectID) -> String { "projects/\(project)" }
    package static let registry = "registry.sqlite"

    /// One entry to a line, so that people and tools can look through it.
    package var encoded: [UInt8] {
        func list(_ values: [JSONValue]) -> String {
            values.isEmpty ? "[]" : "[\n" + values.map { "    " + $0.text }.joined(separator: ",\n") + "\n  ]"
        }
        let projects = projects.map {
            JSONValue.object(
                JSONObject([("id", .string($0.id.text)), ("slug", .string($0.slug)), ("name", .string($0.name))]))
        }
        let gaps = gaps.map {
            JSONValue.object(JSONObject([("what", .string($0.what)), ("reason", .string($0.reason))]))
        }
        let text = """
            {
              "format": \(Self.format),
              "created_at": \(JSONValue.string(createdAt).text),
              "program": \(JSONValue.string(program).text),
              "whole": \(isWhole),
              "projects": \(list(projects)),
              "gaps": \(list(gaps)),
              "entries": \(list(entries.map(\.json)))
            }

            """
        return Array(text.utf8)
    }

    package init(decoding bytes: [UInt8]) throws(BackupFailure) {
        guard let json = try? JSONValue(parsing: bytes), let format = json["format"]?.int else {
            throw BackupFailure("The backup's manifest is damaged.")
        }
        guard format == Self.format else {
            throw BackupFailure(
                "The backup is of format \(format), of which this program knows nothing; it knows \(Self.format).")
        }
        guard let createdAt = json["created_at"]?.string, let program = json["program"]?.string,
            let isWhole = json["whole"]?.bool, let projects = json["projects"]?.array, let gaps = json["gaps"]?.array,
            let entries = json["entries"]?.array
        else { throw BackupFailure("The backup's manifest is damaged.") }
        self.init(createdAt: createdAt, program: program, isWhole: isWhole)
        self.projects = projects.compactMap { json in
            json["id"]?.string.flatMap { ProjectID($0) }.map {
                Project(id: $0, slug: json["slug"]?.string ?? "", name: json["name"]?.string ?? "")
            }
        }
        self.gaps = gaps.map { Gap(what: $0["what"]?.string ?? "?", reason: $0["reason"]?.string ?? "?") }
        self.entries = entries.compactMap { Entry($0) }
        guard self.projects.count == projects.count, self.entries.count == entries.count else {
            throw BackupFailure("The backup's manifest is damaged.")
        }
    }
}
