import Glibc

/// A file that only takes room, so that there is some to give up when the disk is full: SQLite's write-ahead log has to
/// grow before a delete can free anything.
struct Reserve {
    private let path: String
    private let bytes: Int
    /// False after `release`, until `hold` finds room again.
    private(set) var isHeld = false

    init(path: String, bytes: Int) { (self.path, self.bytes) = (path, bytes) }

    /// Sets the room aside, if it is not yet. False: the disk has none. Any other trouble is not the reserve's to tell.
    @discardableResult
    mutating func hold() -> Bool {
        guard !isHeld else { return true }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return !Self.meansFull(errno) }
        defer { close(file) }
        var status = stat()
        if fstat(file, &status) == 0, status.st_size >= bytes {
            isHeld = true
            return true
        }
        let result = posix_fallocate(file, 0, off_t(bytes))
        isHeld = result == 0
        if !isHeld { unlink(path) }
        return !Self.meansFull(result)
    }

    private static func meansFull(_ code: Int32) -> Bool { [ENOSPC, EDQUOT, EFBIG].contains(code) }

    /// Bytes that the file system would still give this process.
    var free: Int {
        var system = statvfs()
        let directory = path.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 }
        guard statvfs(directory.isEmpty ? "/" : directory, &system) == 0 else { return 0 }
        return Int(system.f_bavail) * Int(system.f_frsize)
    }

    mutating func release() {
        unlink(path)
        isHeld = false
    }
}
