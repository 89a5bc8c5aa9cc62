/// What opening a log found and did.
package struct Recovery: Hashable, Sendable {
    /// A write that a crash cut short: never acknowledged, removed.
    package struct TornTail: Hashable, Sendable {
        package let file: String
        package let position: Int
        /// How many bytes of it had reached the disk.
        package let bytes: Int
    }

    package var tornTail: TornTail?
    /// The log was closed, or never written to; false after a crash.
    package var wasClosed = true
}
