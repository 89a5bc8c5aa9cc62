import Glibc

/// A file system in memory with little room, mounted on a directory for as long as this lives.
final class SmallDisk {
    struct Failure: Error { let code: Int32 }

    /// Root in a container may lack the right: so it is tried.
    static let isPossible: Bool = {
        guard geteuid() == 0 else { return false }
        let scratch = Scratch()
        return (try? SmallDisk(at: scratch.path, bytes: 1 << 20)) != nil
    }()

    private let path: String

    init(at path: String, bytes: Int) throws {
        self.path = path
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes),mode=700") == 0 else { throw Failure(code: errno) }
    }

    /// `MNT_DETACH`: whatever is still open goes later.
    deinit { umount2(path, 2) }
}
