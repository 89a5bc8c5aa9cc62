import Nouns

/// How the platform tells fronts which key opens which project, on `RunPaths.keys`, one `SOCK_SEQPACKET` packet each.
///
/// The front says `hello` with the version of the table it has (0: none). The platform says `welcome`, then every
/// project whose entry is newer, then `synced`; from then on each change as it happens. With `isWhole` what is not
/// named up to `synced` is gone. The front answers each `synced` and later change with `seen`, so that the platform
/// can say of a rotated key that no front accepts it any more.
package enum KeyChannel {
    package static let version = 1

    package enum FromFront: Hashable, Sendable {
        case hello(version: Int, table: UInt64)
        case seen(table: UInt64)
    }

    package enum FromPlatform: Hashable, Sendable {
        case welcome(version: Int, isWhole: Bool)
        case project(KeyEntry, table: UInt64)
        case removed(ProjectID, table: UInt64)
        case synced(table: UInt64)
    }
}

/// One project in the fronts' key table.
package struct KeyEntry: Hashable, Sendable {
    package var project: ProjectID
    package var slug: String
    /// `pk_` and 32 lower-case hex digits.
    package var key: String

    package init(project: ProjectID, slug: String, key: String) {
        (self.project, self.slug, self.key) = (project, slug, key)
    }
}

extension KeyChannel.FromFront {
    package var message: Message {
        var message: Message
        switch self {
        case .hello(let version, let table):
            message = Message("hello")
            message.set("VERSION", version)
            message.set("TABLE", table)
        case .seen(let table):
            message = Message("seen")
            message.set("TABLE", table)
        }
        return message
    }

    package init(_ message: Message) throws(Message.Malformed) {
        let table = try message.required("TABLE") { UInt64($0) }
        switch message.type {
        case "hello": self = .hello(version: try message.required("VERSION") { Int($0) }, table: table)
        case "seen": self = .seen(table: table)
        default: throw Message.Malformed("an unknown type \(message.type)")
        }
    }
}

extension KeyChannel.FromPlatform {
    package var message: Message {
        var message: Message
        switch self {
        case .welcome(let version, let isWhole):
            message = Message("welcome")
            message.set("VERSION", version)
            message.set("WHOLE", isWhole ? 1 : 0)
        case .project(let entry, let table):
            message = Message("project")
            message.set("PROJECT", entry.project)
            message.set("SLUG", entry.slug)
            message.set("KEY", entry.key)
            message.set("TABLE", table)
        case .removed(let project, let table):
            message = Message("removed")
            message.set("PROJECT", project)
            message.set("TABLE", table)
        case .synced(let table):
            message = Message("synced")
            message.set("TABLE", table)
        }
        return message
    }

    package init(_ message: Message) throws(Message.Malformed) {
        switch message.type {
        case "welcome":
            self = .welcome(
                version: try message.required("VERSION") { Int($0) },
                isWhole: try message.required("WHOLE") == "1")
        case "project":
            self = .project(
                KeyEntry(
                    project: try message.required("PROJECT") { ProjectID($0) },
                    slug: try message.required("SLUG"),
                    key: try message.required("KEY")),
                table: try message.required("TABLE") { UInt64($0) })
        case "removed":
            self = .removed(
                try message.required("PROJECT") { ProjectID($0) },
                table: try message.required("TABLE") { UInt64($0) })
        case "synced": self = .synced(table: try message.required("TABLE") { UInt64($0) })
        default: throw Message.Malformed("an unknown type \(message.type)")
        }
    }
}
