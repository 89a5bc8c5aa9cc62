import CLinux
import Glibc
import Linux

/// Copies directories of which nobody writes anything meanwhile, and notes what it copied.
///
/// Whoever owns the source may have put anything there: symbolic links are copied, never followed; what is neither
/// file, directory nor link is left out. Files share their blocks with the copy where the file system can, and keep
/// their holes elsewhere. Nothing is synced: that is `seal`'s part, for which the source need not stand still.
package struct TreeCopy {
    /// Directories in directories; more is refused with ELOOP.
    package static let depthMax = 64
    /// Bytes between two looks at `tick`.
    static let piece = 8 << 20

    package private(set) var entries: [Entry] = []
    /// Called before each file and each piece of one; what it throws ends the copying.
    private let tick: () throws -> Void
    private let isRoot = geteuid() == 0

    package init(tick: @escaping () throws -> Void) { self.tick = tick }

    /// Copies the directory `source` to `destination`, which is made; `name` is its path in the backup.
    package mutating func copy(_ source: String, to destination: String, as name: String) throws {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let from = Descriptor(try SystemError.check("open", path: source) { open(source, flags) })
        try SystemError.check("mkdir", path: destination) { mkdir(destination, 0o700) }
        let to = Descriptor(try SystemError.check("open", path: destination) { open(destination, flags) })
        try directory(from, to, name, depth: 0)
    }

    private mutating func directory(_ from: Descriptor, _ to: Descriptor, _ name: String, depth: Int) throws {
        guard depth < Self.depthMax else { throw SystemError("copy directory", code: ELOOP, path: name) }
        var status = stat()
        try SystemError.check("stat", path: name) { fstat(from.number, &status) }
        entries.append(Entry(name, .directory, status))
        for child in try DirectoryListing.names(in: "/proc/self/fd/\(from.number)").sorted() {
            try tick()
            try one(child, from, to, "\(name)/\(child)", depth)
        }
        try dress(to.number, status, name)
    }

    private mutating func one(
        _ child: String, _ from: Descriptor, _ to: Descriptor, _ name: String, _ depth: Int
    ) throws {
        var status = stat()
        try SystemError.check("stat", path: name) { fstatat(from.number, child, &status, AT_SYMLINK_NOFOLLOW) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let source = Descriptor(try SystemError.check("open", path: name) { openat(from.number, child, flags) })
            try SystemError.check("mkdir", path: name) { mkdirat(to.number, child, 0o700) }
            let copy = Descriptor(try SystemError.check("open", path: name) { openat(to.number, child, flags) })
            try directory(source, copy, name, depth: depth + 1)
        case S_IFREG: try file(child, from, to, name)
        case S_IFLNK: try link(child, from, to, name, status)
        default: break
        }
    }

    private mutating func file(_ child: String, _ from: Descriptor, _ to: Descriptor, _ name: String) throws {
        // Should it have become something else since, it is not waited for.
        let reading = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let source = Descriptor(try SystemError.check("open", path: name) { openat(from.number, child, reading) })
        var status = stat()
        try SystemError.check("stat", path: name) { fstat(source.number, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("copy", code: EINVAL, path: name) }
        let writing = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let copy = Descriptor(try SystemError.check("open", path: name) { openat(to.number, child, writing, 0o600) })
        if clinux_clone_file(source.number, copy.number) != 0 {
            try FileBytes.copy(source.number, copy.number, size: Int64(status.st_size), name, tick)
        }
        try dress(copy.number, status, name)
        var entry = Entry(name, .file, status)
        entry.size = Int64(status.st_size)
        entry.isAllocated = Int64(status.st_blocks) * 512 >= entry.size
        entries.append(entry)
    }

    private mutating func link(
        _ child: String, _ from: Descriptor, _ to: Descriptor, _ name: String, _ status: stat
    ) throws {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = try SystemError.check("readlink", path: name) {
            bytes.withUnsafeMutableBytes {
                readlinkat(from.number, child, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
            }
        }
        var entry = Entry(name, .link, status)
        entry.target = String(decoding: bytes[..<count], as: UTF8.self)
        try SystemError.check("symlink", path: name) { symlinkat(entry.target, to.number, child) }
        entries.append(entry)
    }

    /// Owner, where we may give it, permissions and time of the original.
    private func dress(_ copy: Int32, _ status: stat, _ name: String) throws(SystemError) {
        if isRoot { try SystemError.check("chown", path: name) { fchown(copy, status.st_uid, status.st_gid) } }
        try SystemError.check("chmod", path: name) { fchmod(copy, status.st_mode & 0o7777) }
        let times = [status.st_mtim, status.st_mtim]
        try SystemError.check("utimens", path: name) { futimens(copy, times) }
    }
}

extension Entry {
    init(_ path: String, _ form: Form, _ status: stat) {
        self.init(
            path, form, mode: status.st_mode & 0o7777, user: status.st_uid, group: status.st_gid,
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
    }
}

extension Entry {
    /// The directory at a path; nil when there is none.
    package static func directory(_ path: String, as name: String) throws(SystemError) -> Entry? {
        try look(at: path).flatMap { $0.st_mode & S_IFMT == S_IFDIR ? Entry(name, .directory, $0) : nil }
    }

    /// The file at a path, not yet hashed; nil when there is none.
    package static func file(_ path: String, as name: String) throws(SystemError) -> Entry? {
        guard let status = try look(at: path), status.st_mode & S_IFMT == S_IFREG else { return nil }
        var entry = Entry(name, .file, status)
        entry.size = Int64(status.st_size)
        return entry
    }

    private static func look(at path: String) throws(SystemError) -> stat? {
        var status = stat()
        if lstat(path, &status) == 0 { return status }
        guard errno == ENOENT else { throw SystemError("stat", path: path) }
        return nil
    }
}
