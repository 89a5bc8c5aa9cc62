import Glibc

/// A log file that is set aside when it has grown too large: `name.jsonl`, then `name.jsonl.1` and so on, the oldest
/// removed.
package final class LogFile {
    private let path: String
    private let bytesMax: Int
    private let kept: Int
    private var file: Descriptor?
    private var size = 0
    /// Lines that could not be written: the disk is full, or the directory is gone.
    package private(set) var lost = 0

    package init(path: String, bytesMax: Int, kept: Int) {
        (self.path, self.bytesMax, self.kept) = (path, bytesMax, kept)
    }

    /// Writes whole lines. A failure loses them, is counted, and is tried anew with the next.
    package func write(_ lines: [UInt8], count: Int) {
        do {
            if size > 0, size + lines.count > bytesMax { try rotate() }
            let file = try opened()
            let written = lines.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
            guard written == lines.count else {
                self.file = nil
                lost += count
                return
            }
            size += written
        } catch {
            lost += count
        }
    }

    private func opened() throws(SystemError) -> Descriptor {
        if let file { return file }
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
        let opened = Descriptor(try SystemError.check("open", path: path) { open(path, flags, 0o640) })
        size = Int(lseek(opened.number, 0, SEEK_END))
        file = opened
        return opened
    }

    private func rotate() throws(SystemError) {
        file = nil
        size = 0
        if kept == 0 {
            _ = unlink(path)
            return
        }
        for number in stride(from: kept - 1, to: 0, by: -1) { _ = rename("\(path).\(number)", "\(path).\(number + 1)") }
        try SystemError.check("rename", path: path) { rename(path, path + ".1") }
    }
}
