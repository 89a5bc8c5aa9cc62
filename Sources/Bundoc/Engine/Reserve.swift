import Glibc

/// A file that only takes room, so that there is some to give up when the disk is full: SQLite's write-ahead log has to
/// grow before a delete can free anything.
struct Reserve {
    private let path: String
    private let bytes: Int
    /// False after `release`, until `hold` finds room again.
    private(set) var isHeld = false

    init(path: String, bytes: Int) { (self.path, self.bytes) = (path, bytes) }

    /// Sets the room aside, if it is not yet and the disk has it.
    @discardableResult
    mutating func hold() -> Bool {
        guard !isHeld else { return true }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        var status = stat()
        if fstat(file, &status) == 0, status.st_size >= bytes {
            isHeld = true
        } else if posix_fallocate(file, 0, off_t(bytes)) == 0 {
            isHeld = true
        } else {
            unlink(path)
        }
        return isHeld
    }

    mutating func release() {
        unlink(path)
        isHeld = false
    }
}
