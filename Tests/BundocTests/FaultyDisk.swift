import Glibc
import Linux
import Log

/// The real disk, until it is told to fail.
final class FaultyDisk: Disk {
    private let kernel = KernelDisk()
    /// No room for new segments.
    var isFull = false
    /// Syncs fail, as a dying disk's do.
    var isBroken = false

    func allocate(_ file: Int32, bytes: Int) throws(SystemError) {
        if isFull { throw SystemError("posix_fallocate", code: ENOSPC) }
        try kernel.allocate(file, bytes: bytes)
    }

    func sync(_ file: Int32) throws(SystemError) {
        if isBroken { throw SystemError("fdatasync", code: EIO) }
        try kernel.sync(file)
    }

    func lock(directory: String) throws(SystemError) -> Int32 { try kernel.lock(directory: directory) }
    func names(in directory: String) throws(SystemError) -> [String] { try kernel.names(in: directory) }
    func open(_ path: String) throws(SystemError) -> Int32 { try kernel.open(path) }
    func create(_ path: String) throws(SystemError) -> Int32 { try kernel.create(path) }
    func close(_ file: Int32) { kernel.close(file) }
    func size(of file: Int32) throws(SystemError) -> Int { try kernel.size(of: file) }
    func read(_ file: Int32, at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        try kernel.read(file, at: position, into: buffer)
    }
    func write(_ file: Int32, at position: Int, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
        try kernel.write(file, at: position, bytes)
    }
    func data(in file: Int32, from position: Int) throws(SystemError) -> Int {
        try kernel.data(in: file, from: position)
    }
    func sync(directory: String) throws(SystemError) { try kernel.sync(directory: directory) }
    func rename(_ path: String, to target: String) throws(SystemError) { try kernel.rename(path, to: target) }
    func remove(_ path: String) throws(SystemError) { try kernel.remove(path) }
}
