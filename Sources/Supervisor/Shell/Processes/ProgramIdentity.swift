import CLinux
import Glibc

/// Which file a process was started from, and in which state: another one of the same path, or the same one changed, is
/// another program.
package struct ProgramIdentity: Hashable, Sendable, CustomStringConvertible {
    private let device: UInt64
    private let inode: UInt64
    /// Nanoseconds since 1970.
    private let changedAt: Int64

    /// Of the file that is at the path now; nil when there is none. `/proc/PID/exe` means the file that the process
    /// runs, also when it was replaced.
    package init?(ofFile path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
        changedAt = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// `DEVICE.INODE.TIME`, in decimal.
    package init?(_ text: String) {
        let words = text.split(separator: ".")
        guard words.count == 3, let device = UInt64(words[0]), let inode = UInt64(words[1]),
            let changedAt = Int64(words[2])
        else { return nil }
        (self.device, self.inode, self.changedAt) = (device, inode, changedAt)
    }

    package var description: String { "\(device).\(inode).\(changedAt)" }
}
