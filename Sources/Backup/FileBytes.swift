import CLinux
import Crypto
import Glibc
import Linux

/// The bytes of files: copied, hashed, synced.
package enum FileBytes {
    /// Copies what is written of a file; holes stay holes. `tick` is called between pieces.
    static func copy(_ from: Int32, _ to: Int32, size: Int64, _ name: String, _ tick: () throws -> Void) throws {
        try SystemError.check("ftruncate", path: name) { ftruncate(to, off_t(size)) }
        var position: Int64 = 0
        while position < size {
            let data = clinux_next_data(from, position)
            if data < 0 {
                // Behind the last written byte is a hole.
                if errno == ENXIO { return }
                throw SystemError("lseek", path: name)
            }
            let hole = try SystemError.check("lseek", path: name) { clinux_next_hole(from, data) }
            position = data
            while position < min(hole, size) {
                try tick()
                let count = Int(min(hole - position, size - position, Int64(TreeCopy.piece)))
                let copied = try SystemError.check("copy", path: name) {
                    clinux_copy_bytes(from, to, position, count)
                }
                guard copied > 0 else { throw SystemError("copy", code: EIO, path: name) }
                position += Int64(copied)
            }
        }
    }

    /// SHA-256 of all of a file, in hex, and how many bytes it has.
    static func hash(_ file: Int32, _ name: String) throws(SystemError) -> (hash: String, size: Int64) {
        let stream = SHA256Stream()
        let length = 1 << 20
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 4096)
        defer { buffer.deallocate() }
        var position: Int64 = 0
        while true {
            let count = try SystemError.check("read", path: name) {
                pread(file, buffer.baseAddress, length, off_t(position))
            }
            guard count > 0 else { break }
            stream.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            position += Int64(count)
        }
        return (hex(stream.finish()), position)
    }

    package static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// All of a file that we wrote ourselves.
    static func read(_ path: String) throws(SystemError) -> [UInt8] {
        let file = Descriptor(try SystemError.check("open", path: path) { open(path, O_RDONLY | O_CLOEXEC) })
        var status = stat()
        try SystemError.check("stat", path: path) { fstat(file.number, &status) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var position = 0
        while position < bytes.count {
            let count = try SystemError.check("read", path: path) {
                bytes.withUnsafeMutableBytes {
                    pread(file.number, $0.baseAddress! + position, $0.count - position, off_t(position))
                }
            }
            guard count > 0 else { break }
            position += count
        }
        return Array(bytes[..<position])
    }

    /// Makes a file of these bytes, on disk when it returns.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32) throws(SystemError) {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
        let file = Descriptor(try SystemError.check("open", path: path) { open(path, flags, mode) })
        var written = 0
        while written < bytes.count {
            written += try SystemError.check("write", path: path) {
                bytes.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress! + written, $0.count - written) }
            }
        }
        try SystemError.check("fsync", path: path) { fsync(file.number) }
    }

    /// Puts the names in a directory on disk.
    package static func syncDirectory(_ path: String) throws(SystemError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let directory = Descriptor(try SystemError.check("open", path: path) { open(path, flags) })
        try SystemError.check("fsync", path: path) { fsync(directory.number) }
    }
}
