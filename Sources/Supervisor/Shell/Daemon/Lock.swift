import Glibc
import Linux

/// Held by the running supervisor of a home; falls with its process, however that ends.
package final class Lock {
    private let file: Descriptor

    /// Throws EWOULDBLOCK when another supervisor runs.
    package init(_ path: String) throws(SystemError) {
        file = Descriptor(
            try SystemError.check("open", path: path) { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) })
        let number = file.number
        try SystemError.check("lock", path: path) { flock(number, LOCK_EX | LOCK_NB) }
        let text = "\(getpid())\n"
        _ = ftruncate(number, 0)
        _ = pwrite(number, text, text.utf8.count, 0)
    }

    package func release() { file.close() }
}
