import Glibc
import Linux

/// A directory that is being read: `readdir(3)`.
final class DirectoryStream {
    /// A file's name as the kernel has it: any bytes but slash and NUL, ended by NUL.
    struct Name: Hashable {
        let bytes: [CChar]
    }

    private let stream: OpaquePointer
    let number: Int32

    convenience init(_ path: String) throws(SystemError) {
        try self.init(
            taking: SystemError.check("open", path: path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    }

    /// A directory in another; a symbolic link is refused.
    convenience init(_ name: Name, in parent: DirectoryStream) throws(SystemError) {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        try self.init(taking: SystemError.check("openat") { openat(parent.number, name.bytes, flags) })
    }

    private init(taking number: Int32) throws(SystemError) {
        guard let stream = fdopendir(number) else {
            let error = SystemError("fdopendir")
            close(number)
            throw error
        }
        (self.stream, self.number) = (stream, number)
    }

    deinit { closedir(stream) }

    func rewind() { rewinddir(stream) }

    /// Nil at the end. `.` and `..` are left out.
    func next() -> Name? {
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { name in
                name.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            let dot = CChar(UInt8(ascii: "."))
            if bytes == [dot, 0] || bytes == [dot, dot, 0] { continue }
            return Name(bytes: bytes)
        }
        return nil
    }
}
