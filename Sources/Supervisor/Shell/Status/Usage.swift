import Nouns

/// What a process, with all in its cgroup, was seen to use.
package struct Usage: Hashable, Sendable {
    package var memoryBytes: Int
    package var cpuSeconds: Double
    package var observedAt: Instant

    package init(memoryBytes: Int, cpuSeconds: Double, observedAt: Instant) {
        (self.memoryBytes, self.cpuSeconds, self.observedAt) = (memoryBytes, cpuSeconds, observedAt)
    }
}
