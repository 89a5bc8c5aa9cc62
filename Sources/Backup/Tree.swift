import CLinux
import Glibc
import Linux

/// Directories as a whole.
package enum Tree {
    /// Removes a directory with all that is in it; links are removed, never followed. Harmless when it is not there.
    package static func remove(_ path: String) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw SystemError("stat", path: path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            try SystemError.check("unlink", path: path) { unlink(path) }
            return
        }
        // One that is only to be read hides nothing from us.
        chmod(path, 0o700)
        for name in try DirectoryListing.names(in: path) { try remove("\(path)/\(name)") }
        try SystemError.check("rmdir", path: path) { rmdir(path) }
    }

    /// Puts each of two directories in the other's place, in one step. False where the file system cannot.
    package static func exchange(_ one: String, _ other: String) throws(SystemError) -> Bool {
        if clinux_exchange(one, other) == 0 { return true }
        if errno == EINVAL || errno == ENOSYS { return false }
        throw SystemError("exchange", path: one)
    }
}
