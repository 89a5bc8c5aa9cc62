import Nouns

/// How a process ended.
package struct ProcessExit: Hashable, Sendable {
    package enum Cause: Hashable, Sendable {
        /// It ended by itself.
        case code(Int32)
        /// A signal ended it.
        case signal(Int32, dumpedCore: Bool)
        /// It was not a child of ours, and the kernel is too old to tell (before 6.15).
        case unknown
    }

    /// What it used, with the children that it waited for.
    package struct Usage: Hashable, Sendable {
        package var cpu: Duration
        /// Bytes.
        package var memoryMax: Int
    }

    package var cause: Cause
    /// Nil for processes that were not children of ours.
    package var usage: Usage?

    package init(_ cause: Cause, usage: Usage? = nil) { (self.cause, self.usage) = (cause, usage) }

    /// From the form of `wait(2)`.
    init(status: Int32, usage: Usage?) {
        let signal = status & 0x7f
        self.init(
            signal == 0 ? .code(status >> 8 & 0xff) : .signal(signal, dumpedCore: status & 0x80 != 0), usage: usage)
    }
}
