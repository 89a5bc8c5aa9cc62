import Linux

/// The part of the file system that a log uses. `KernelDisk` is the real one; tests put one in its place whose calls
/// fail, stop half way, or lose what was not synced.
///
/// Calls may come from the sync thread, never two at the same moment for the same file.
package protocol Disk: AnyObject {
    /// Takes the directory for this process alone; the handle gives it back when closed. `EWOULDBLOCK`: another has it.
    func lock(directory: String) throws(SystemError) -> Int32
    func names(in directory: String) throws(SystemError) -> [String]
    /// For reading and writing.
    func open(_ path: String) throws(SystemError) -> Int32
    /// A new, empty file, in place of one that was there.
    func create(_ path: String) throws(SystemError) -> Int32
    func close(_ file: Int32)
    func size(of file: Int32) throws(SystemError) -> Int
    /// How many bytes came; 0 at the end of the file.
    func read(_ file: Int32, at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int
    /// How many bytes went; may be fewer than given.
    func write(_ file: Int32, at position: Int, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int
    /// The first place at or behind `position` where something may have been written; the file's size when nothing was.
    /// What lies between reads as zeros.
    func data(in file: Int32, from position: Int) throws(SystemError) -> Int
    /// Makes the file that large, with room on the disk for all of it; what is new reads as zeros.
    func allocate(_ file: Int32, bytes: Int) throws(SystemError)
    /// `fdatasync(2)`.
    func sync(_ file: Int32) throws(SystemError)
    /// Makes creations, renamings and removals in it durable.
    func sync(directory: String) throws(SystemError)
    func rename(_ path: String, to target: String) throws(SystemError)
    func remove(_ path: String) throws(SystemError)
}

extension Disk {
    func writeAll(_ file: Int32, at position: Int, _ bytes: [UInt8]) throws(SystemError) {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(SystemError) in try writeAll(file, at: position, raw) }
        }
        try result.get()
    }

    /// Writes all of it, however often it takes.
    func writeAll(_ file: Int32, at position: Int, _ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = try write(file, at: position + done, UnsafeRawBufferPointer(rebasing: bytes[done...]))
            guard count > 0 else { throw SystemError("pwrite", code: 5) }
            done += count
        }
    }

    /// Reads until the buffer or the file ends; how many bytes came.
    func readAll(_ file: Int32, at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int
    {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try read(file, at: position + done, into: rest)
            if count == 0 { break }
            done += count
        }
        return done
    }
}

extension SystemError {
    /// No room: on the disk, in the quota, or within the size that this process's files may have.
    var meansFull: Bool { code == 28 || code == 122 || code == 27 }
}
