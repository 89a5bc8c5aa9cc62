import Glibc
import Linux

/// What is done to directories as such.
enum Directory {
    /// Makes what was created, renamed and removed in it durable.
    static func sync(_ path: String) throws(SystemError) {
        let directory = Descriptor(
            try SystemError.check("open", path: path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
        try SystemError.check("fsync", path: path) { fsync(directory.number) }
    }

    /// Makes it, for this user only, unless it is there.
    static func make(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw SystemError("mkdir", path: path)
    }
}
