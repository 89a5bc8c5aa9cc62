import Config
import Glibc
import Linux
import Nouns

/// Makes the directories of a cluster.
package enum Directory {
    /// Makes a directory and those above it; harmless when it is there. A new one gets the mode.
    package static func make(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        if mkdir(path, mode) == 0 { return }
        switch errno {
        case EEXIST:
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw SystemError("mkdir", code: ENOTDIR, path: path)
            }
        case ENOENT where path.contains("/"):
            let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            guard !parent.isEmpty else { throw SystemError("mkdir", code: ENOENT, path: path) }
            try make(parent, mode: mode)
            try make(path, mode: mode)
        case let code: throw SystemError("mkdir", code: code, path: path)
        }
    }

    /// A directory of this user that no other one may write in: made with the mode, or given it. It may lie in `/tmp`,
    /// where anybody could have made one of the name first: then EPERM is thrown.
    package static func makePrivate(_ path: String, mode: UInt32 = 0o700) throws(SystemError) {
        try make(path, mode: mode)
        var status = stat()
        try SystemError.check("lstat", path: path) { lstat(path, &status) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw SystemError("use directory", code: EPERM, path: path)
        }
        guard status.st_mode & 0o777 != mode else { return }
        try SystemError.check("chmod", path: path) { chmod(path, mode) }
    }

    /// A directory that all may pass through, whoever may list it.
    package static func makePassable(_ path: String) throws(SystemError) {
        try make(path, mode: 0o711)
        var status = stat()
        try SystemError.check("stat", path: path) { stat(path, &status) }
        guard status.st_mode & 0o011 != 0o011 else { return }
        try SystemError.check("chmod", path: path) { chmod(path, status.st_mode & 0o7777 | 0o011) }
    }

    /// The names in a directory; none when it is not there.
    package static func names(in path: String) -> [String] {
        ((try? DirectoryListing.names(in: path)) ?? []).sorted()
    }
}

extension Home {
    /// The only directory that an instance may write to: `projects/PROJECT/KIND` of the data, with the ordinal behind
    /// it for all but the first of a pool; `KIND` for shared services.
    package func data(of instance: InstanceID) -> String {
        let kind = instance.ordinal == 0 ? instance.kind.text : "\(instance.kind).\(instance.ordinal)"
        return instance.project.isShared ? "\(data)/\(kind)" : "\(data)/projects/\(instance.project)/\(kind)"
    }

    /// The supervisor's own data.
    package var supervisor: String { data + "/supervisor" }
}
