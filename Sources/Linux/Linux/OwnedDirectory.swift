import CLinux
import Glibc

/// A directory that belongs to one user, with all that is in it.
///
/// The directory itself is given last: as long as it is not the user's, what is in it may not be either, and giving it
/// again goes on where a crash ended it. For root, or with CAP_CHOWN, CAP_FOWNER and CAP_DAC_OVERRIDE. Nothing may run
/// that writes in it meanwhile.
package struct OwnedDirectory: Hashable, Sendable {
    package enum Extent: Hashable, Sendable {
        /// The directory alone.
        case itself
        /// The directories in it: who owns these can remove everything.
        case directories
        case everything
    }

    /// Directories in directories: more is refused with ELOOP.
    package static let depthMax = 64

    package var path: String
    package var user: UInt32
    package var group: UInt32
    package var mode: UInt32

    package init(_ path: String, user: UInt32, group: UInt32, mode: UInt32) {
        (self.path, self.user, self.group, self.mode) = (path, user, group, mode)
    }

    /// Its owner; nil when it is not there or no directory.
    package static func owner(of path: String) -> UInt32? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        return status.st_uid
    }

    /// Whether the directory is there as it should be.
    package var isInPlace: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == user
            && status.st_gid == group && status.st_mode & 0o7777 == mode
    }

    /// Makes the directory, in one that is there, or gives what is there to the user. One look when nothing is to be
    /// done. Symbolic links are given, never followed.
    ///
    /// Throws EMLINK when a file has several names: giving it away would give away a file that also lies elsewhere.
    package func establish(_ extent: Extent) throws(SystemError) {
        guard !isInPlace else { return }
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemError("mkdir", path: path) }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let number = try SystemError.check("open", path: path) { open(path, flags) }
        try give(Descriptor(number), path, extent, depth: 0)
    }

    private func give(
        _ directory: Descriptor, _ path: String, _ extent: Extent, depth: Int
    ) throws(SystemError) {
        guard depth < Self.depthMax else { throw SystemError("give directory", code: ELOOP, path: path) }
        if extent != .itself {
            for name in try DirectoryListing.names(in: "/proc/self/fd/\(directory.number)") {
                try give(name, in: directory, "\(path)/\(name)", extent, depth)
            }
        }
        try SystemError.check("chown", path: path) { fchown(directory.number, user, group) }
        guard depth == 0 else { return }
        try SystemError.check("chmod", path: path) { fchmod(directory.number, mode) }
    }

    private func give(
        _ name: String, in parent: Descriptor, _ path: String, _ extent: Extent, _ depth: Int
    ) throws(SystemError) {
        var status = stat()
        try SystemError.check("stat", path: path) { fstatat(parent.number, name, &status, AT_SYMLINK_NOFOLLOW) }
        if status.st_mode & S_IFMT == S_IFDIR {
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let number = try SystemError.check("open", path: path) { openat(parent.number, name, flags) }
            return try give(Descriptor(number), path, extent, depth: depth + 1)
        }
        guard extent == .everything, status.st_uid != user || status.st_gid != group else { return }
        guard status.st_nlink == 1 else { throw SystemError("give file", code: EMLINK, path: path) }
        try SystemError.check("chown", path: path) {
            fchownat(parent.number, name, user, group, AT_SYMLINK_NOFOLLOW)
        }
    }
}
