/// A process for as long as the machine runs: its number, and when it started, since numbers are used again.
package struct ProcessID: Hashable, Sendable, CustomStringConvertible {
    package let pid: Int32
    /// Clock ticks since boot; field 22 of `/proc/PID/stat`, `proc(5)`.
    package let start: UInt64

    package init(_ pid: Int32, start: UInt64) { (self.pid, self.start) = (pid, start) }

    package var description: String { "\(pid)@\(start)" }
}
