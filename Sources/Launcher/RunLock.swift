import CLinux
import Glibc
import Linux

/// A file in the runtime directory that one process holds: by its lock others see that it lives, by its text who it
/// is. The kernel lets go of the lock when the process ends, however it ends.
package final class RunLock {
    /// The launcher's file in a runtime directory.
    package static func launcherPath(in run: String) -> String { run + "/init.pid" }

    private let descriptor: Descriptor

    /// Takes the lock and writes this process's id; nil when another process holds it.
    package init?(at path: String) throws(SystemError) {
        descriptor = Descriptor(
            try SystemError.check("open", path: path) { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) })
        guard flock(descriptor.number, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw SystemError("flock", path: path) }
            return nil
        }
        let text = Array("\(getpid())\n".utf8)
        try SystemError.check("ftruncate", path: path) { ftruncate(descriptor.number, 0) }
        try SystemError.check("write", path: path) { pwrite(descriptor.number, text, text.count, 0) }
    }

    /// Whether a process holds the lock of the file.
    package static func isHeld(at path: String) -> Bool {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return false }
        defer { close(number) }
        guard flock(number, LOCK_SH | LOCK_NB) != 0 else { return false }
        return errno == EWOULDBLOCK
    }

    /// The id that the holder wrote.
    package static func holder(at path: String) -> Int32? {
        guard isHeld(at: path) else { return nil }
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        defer { close(number) }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = read(number, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != 10 }, as: UTF8.self))
    }
}
