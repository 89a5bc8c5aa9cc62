import CLinux
import Glibc

/// The address of a unix socket: a path, or with a leading `@` a name in the kernel's abstract space; `unix(7)`.
package struct UnixPath: Hashable, Sendable, CustomStringConvertible {
    /// Bytes a path may have.
    package static let lengthMax = 107

    package let text: String

    /// Throws ENAMETOOLONG, or EINVAL when empty or holding a NUL.
    package init(_ text: String) throws(SystemError) {
        guard text.utf8.count <= Self.lengthMax else {
            throw SystemError("unix socket", code: ENAMETOOLONG, path: text)
        }
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw SystemError("unix socket", code: EINVAL, path: text)
        }
        self.text = text
    }

    package var isAbstract: Bool { text.hasPrefix("@") }
    package var description: String { text }

    func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(text.utf8)
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // An abstract name is as long as it says; a path ends with a NUL.
        let length = MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1)
        return kernelForm(of: &address, length: length, body)
    }
}
