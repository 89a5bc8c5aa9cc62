import Nouns

/// How the platform tells fronts which key opens which project and within which limits, and which operators' tokens
/// are good, on `RunPaths.keys`, one `SOCK_SEQPACKET` packet each.
///
/// The front says `hello` with the version of the table it has (0: none). The platform says `welcome`, then every
/// project whose entry is newer, then `synced`; from then on each change as it happens. With `isWhole` what is not
/// named up to `synced` is gone. The front answers each `synced` and later change with `seen`, so that the platform
/// can say of a rotated key that no front accepts it any more.
///
/// Tokens are not pushed but asked for, by the hash of each: `verify` is answered once, by `valid` or `unknown`. A
/// front remembers answers for a short while; `revoked` ends that at once. With `welcome` it forgets what it remembers,
/// since it may have missed a `revoked`.
package enum KeyChannel {
    package static let version = 2
    /// Questions of one front that are not answered yet.
    package static let verificationsMax = 256

    package enum FromFront: Hashable, Sendable {
        case hello(version: Int, table: UInt64)
        case seen(table: UInt64)
        case verify(ticket: UInt64, SecretHash)
    }

    package enum FromPlatform: Hashable, Sendable {
        case welcome(version: Int, isWhole: Bool)
        case project(KeyEntry, table: UInt64)
        case removed(ProjectID, table: UInt64)
        case synced(table: UInt64)
        case valid(ticket: UInt64, TokenGrant)
        case unknown(ticket: UInt64)
        case revoked(TokenID, table: UInt64)
    }
}

/// One project in the fronts' key table.
package struct KeyEntry: Hashable, Sendable {
    package var project: ProjectID
    package var slug: String
    /// `pk_` and 32 lower-case hex digits.
    package var key: String
    package var limits: ProjectLimits.Overrides

    package init(project: ProjectID, slug: String, key: String, limits: ProjectLimits.Overrides = .init()) {
        (self.project, self.slug, self.key, self.limits) = (project, slug, key, limits)
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
        case .verify(let ticket, let hash):
            message = Message("verify")
            message.set("TICKET", ticket)
            message.set("HASH", hash.hex)
        }
        return message
    }

    package init(_ message: Message) throws(Message.Malformed) {
        switch message.type {
        case "hello":
            self = .hello(version: try message.required("VERSION") { Int($0) }, table: try message.table())
        case "seen": self = .seen(table: try message.table())
        case "verify": self = .verify(ticket: try message.ticket(), try message.required("HASH") { SecretHash($0) })
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
            if !entry.limits.isEmpty { message.set("LIMITS", entry.limits) }
            message.set("TABLE", table)
        case .removed(let project, let table):
            message = Message("removed")
            message.set("PROJECT", project)
            message.set("TABLE", table)
        case .synced(let table):
            message = Message("synced")
            message.set("TABLE", table)
        case .valid(let ticket, let grant):
            message = Message("valid")
            message.set("TICKET", ticket)
            grant.write(to: &message)
        case .unknown(let ticket):
            message = Message("unknown")
            message.set("TICKET", ticket)
        case .revoked(let token, let table):
            message = Message("revoked")
            message.set("ID", token)
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
                    key: try message.required("KEY"),
                    limits: try message.optional("LIMITS") { ProjectLimits.Overrides($0) } ?? .init()),
                table: try message.table())
        case "removed":
            self = .removed(try message.required("PROJECT") { ProjectID($0) }, table: try message.table())
        case "synced": self = .synced(table: try message.table())
        case "valid": self = .valid(ticket: try message.ticket(), try TokenGrant(reading: message))
        case "unknown": self = .unknown(ticket: try message.ticket())
        case "revoked":
            self = .revoked(try message.required("ID") { TokenID($0) }, table: try message.table())
        default: throw Message.Malformed("an unknown type \(message.type)")
        }
    }
}

extension Message {
    fileprivate func table() throws(Malformed) -> UInt64 { try required("TABLE") { UInt64($0) } }
}
