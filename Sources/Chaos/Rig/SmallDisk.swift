import Glibc

/// A file system in memory with little room, mounted on a directory until it is taken away.
struct SmallDisk: Sendable {
    private let path: String

    /// Nil where mounting is not allowed.
    init?(at path: String, bytes: Int) {
        var owner = stat()
        guard stat(path, &owner) == 0 else { return nil }
        let options = "size=\(bytes),mode=700,uid=\(owner.st_uid),gid=\(owner.st_gid)"
        guard mount("tmpfs", path, "tmpfs", 0, options) == 0 else { return nil }
        self.path = path
    }

    private var filler: String { path + "/filler" }

    /// Takes all room that there is. The bytes taken.
    func fill() -> Int {
        let file = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        let piece = [UInt8](repeating: 1, count: 1 << 16)
        var taken = 0
        var size = piece.count
        while size > 0 {
            let count = write(file, piece, size)
            if count > 0 { taken += count } else { size /= 2 }
        }
        return taken
    }

    func empty() { unlink(filler) }

    /// `MNT_DETACH`: whatever is still open goes later.
    func remove() { umount2(path, 2) }
}
