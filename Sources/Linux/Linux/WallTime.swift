import CLinux
import Glibc

/// What clocks on walls show.
package enum WallTime {
    /// Names a file of eight bytes, milliseconds, little-endian: how far ahead the programs of a test take the clock to
    /// be. Only honoured where a cluster file puts it into a kind's `environment`; never in production.
    package static let variable = "TESTING_CLOCK"

    /// Nanoseconds since 1970.
    package static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        guard let offset else { return now }
        return now + offset.pointee * 1_000_000
    }

    /// Milliseconds since 1970.
    package static var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// The file's content as it is at any moment.
    // SAFETY: set once, before the first use, and only read.
    nonisolated(unsafe) private static let offset: UnsafePointer<Int64>? = {
        guard let path = getenv(variable) else { return nil }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let page = mmap(nil, 8, PROT_READ, MAP_SHARED, file, 0)
        return page == MAP_FAILED ? nil : UnsafePointer(page!.assumingMemoryBound(to: Int64.self))
    }()
}
