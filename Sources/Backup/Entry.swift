import JSON

/// One file, directory or symbolic link of a backup, as it was and as it is to be again.
package struct Entry: Hashable, Sendable {
    package enum Form: String, Sendable {
        case file, directory, link
    }

    /// Below the backup's directory: `projects/ID/bundoc/…`.
    package var path: String
    package var form: Form
    /// Permissions, 12 bits.
    package var mode: UInt32
    package var user: UInt32
    package var group: UInt32
    /// Nanoseconds since 1970.
    package var modified: Int64
    /// Of a file: its bytes.
    package var size: Int64 = 0
    /// Of a file: the SHA-256 of its bytes, in hex.
    package var hash = ""
    /// Of a file: all its bytes had room on the disk, those never written too.
    package var isAllocated = false
    /// Of a link: what it points to.
    package var target = ""

    package init(_ path: String, _ form: Form, mode: UInt32, user: UInt32, group: UInt32, modified: Int64) {
        (self.path, self.form, self.mode, self.user, self.group) = (path, form, mode, user, group)
        self.modified = modified
    }

    var json: JSONValue {
        var object = JSONObject([
            ("path", .string(path)), ("form", .string(form.rawValue)), ("mode", .integer(Int64(mode))),
            ("user", .integer(Int64(user))), ("group", .integer(Int64(group))), ("modified", .integer(modified)),
        ])
        switch form {
        case .file:
            object["size"] = .integer(size)
            object["sha256"] = .string(hash)
            object["allocated"] = .bool(isAllocated)
        case .link: object["target"] = .string(target)
        case .directory: break
        }
        return .object(object)
    }

    /// Nil when it is not in that form, or its path leads out of the backup.
    init?(_ json: JSONValue) {
        guard let path = json["path"]?.string, Self.isInside(path), let form = json["form"]?.string.flatMap(Form.init),
            let mode = json["mode"]?.int.flatMap({ UInt32(exactly: $0) }), mode <= 0o7777,
            let user = json["user"]?.int.flatMap({ UInt32(exactly: $0) }),
            let group = json["group"]?.int.flatMap({ UInt32(exactly: $0) }), let modified = json["modified"]?.integer
        else { return nil }
        self.init(path, form, mode: mode, user: user, group: group, modified: modified)
        switch form {
        case .file:
            guard let size = json["size"]?.integer, size >= 0, let hash = json["sha256"]?.string,
                let isAllocated = json["allocated"]?.bool
            else { return nil }
            (self.size, self.hash, self.isAllocated) = (size, hash, isAllocated)
        case .link:
            guard let target = json["target"]?.string else { return nil }
            self.target = target
        case .directory: break
        }
    }

    private static func isInside(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." } && !path.utf8.contains(0)
    }
}
