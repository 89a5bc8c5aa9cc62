import Glibc

/// Files of the kernel's own filesystems, read and written whole.
package enum SmallFile {
    /// Longer ones are refused.
    package static let bytesMax = 1 << 22

    /// Throws EFBIG when it is longer than `bytesMax`.
    package static func read(_ path: String) throws(SystemError) -> [UInt8] {
        let file = Descriptor(try SystemError.check("open", path: path) { open(path, O_RDONLY | O_CLOEXEC) })
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try SystemError.check("read", path: path) { Glibc.read(file.number, &chunk, chunk.count) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else { throw SystemError("read", code: EFBIG, path: path) }
        }
    }

    /// Nil when it cannot be read.
    package static func text(_ path: String) -> String? {
        guard let bytes = try? read(path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The number that is all of a file; nil when it cannot be read or is none (`max`).
    package static func number(_ path: String) -> UInt64? {
        text(path).flatMap { UInt64($0.split(separator: "\n").first ?? "") }
    }

    /// In one call, as the kernel's files want it.
    package static func write(_ text: String, to path: String) throws(SystemError) {
        let file = Descriptor(try SystemError.check("open", path: path) { open(path, O_WRONLY | O_CLOEXEC) })
        try SystemError.check("write", path: path) { Glibc.write(file.number, text, text.utf8.count) }
    }
}
