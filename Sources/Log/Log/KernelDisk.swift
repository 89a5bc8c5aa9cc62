import CLinux
import Glibc
import Linux

/// `SEEK_DATA` of `lseek(2)`, behind a feature macro in the header.
private let seekData: Int32 = 3

/// The file system itself. Holds no state: any thread may call.
package final class KernelDisk: Disk {
    package init() {}

    package func lock(directory: String) throws(SystemError) -> Int32 {
        let handle = try SystemError.check("open", path: directory) {
            Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        do {
            try SystemError.check("flock", path: directory) { flock(handle, LOCK_EX | LOCK_NB) }
        } catch {
            _ = Glibc.close(handle)
            throw error
        }
        return handle
    }

    package func names(in directory: String) throws(SystemError) -> [String] {
        try DirectoryListing.names(in: directory)
    }

    package func open(_ path: String) throws(SystemError) -> Int32 {
        try SystemError.check("open", path: path) { Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) }
    }

    package func create(_ path: String) throws(SystemError) -> Int32 {
        try SystemError.check("create", path: path) {
            Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
    }

    package func close(_ file: Int32) { _ = Glibc.close(file) }

    package func size(of file: Int32) throws(SystemError) -> Int {
        var status = stat()
        try SystemError.check("fstat") { fstat(file, &status) }
        return Int(status.st_size)
    }

    package func read(
        _ file: Int32, at position: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Int {
        try SystemError.check("pread") { pread(file, buffer.baseAddress, buffer.count, off_t(position)) }
    }

    package func write(
        _ file: Int32, at position: Int, _ bytes: UnsafeRawBufferPointer
    ) throws(SystemError) -> Int {
        try SystemError.check("pwrite") { pwrite(file, bytes.baseAddress, bytes.count, off_t(position)) }
    }

    package func data(in file: Int32, from position: Int) throws(SystemError) -> Int {
        let size = try size(of: file)
        guard position < size else { return size }
        let found = lseek(file, off_t(position), seekData)
        if found >= 0 { return Int(found) }
        guard errno == ENXIO else { return position }
        return size
    }

    /// By `fallocate(2)`: as fast to sync later as a file of written zeros, without writing them. Where the file system
    /// cannot, the zeros are written.
    package func allocate(_ file: Int32, bytes: Int) throws(SystemError) {
        let result = posix_fallocate(file, 0, off_t(bytes))
        guard result == 0 else { throw SystemError("posix_fallocate", code: result) }
    }

    package func sync(_ file: Int32) throws(SystemError) {
        try SystemError.check("fdatasync") { fdatasync(file) }
    }

    package func sync(directory: String) throws(SystemError) {
        let handle = try SystemError.check("open", path: directory) {
            Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { _ = Glibc.close(handle) }
        try SystemError.check("fsync", path: directory) { fsync(handle) }
    }

    package func rename(_ path: String, to target: String) throws(SystemError) {
        try SystemError.check("rename", path: path) { Glibc.rename(path, target) }
    }

    package func remove(_ path: String) throws(SystemError) {
        try SystemError.check("unlink", path: path) { unlink(path) }
    }
}
