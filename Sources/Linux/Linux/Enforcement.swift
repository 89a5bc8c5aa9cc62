/// What a process and all that it starts may use together.
package struct GroupLimits: Hashable, Sendable {
    /// Bytes, swap included.
    package var memory: UInt64?
    /// Processes and threads.
    package var processes: Int?
    /// Hundredths of a core: 150 is one and a half.
    package var cpuPercent: Int?

    package init(memory: UInt64? = nil, processes: Int? = nil, cpuPercent: Int? = nil) {
        (self.memory, self.processes, self.cpuPercent) = (memory, processes, cpuPercent)
    }
}

/// Who holds a process to one of its limits, as the status page shows it.
package enum Enforcement: Hashable, Sendable, CustomStringConvertible {
    case unlimited
    /// The kernel, for the process and all that it starts together.
    case cgroup
    /// The kernel, for each process by itself: says what is limited instead.
    case rlimit(String)
    /// Nobody: says why.
    case none(reason: String)

    package var description: String {
        switch self {
        case .unlimited: "no limit"
        case .cgroup: "control group"
        case .rlimit(let what): "resource limit: \(what)"
        case .none(let reason): "not enforced: \(reason)"
        }
    }
}

/// The enforcement of each limit.
package struct EnforcementReport: Hashable, Sendable {
    package var memory: Enforcement
    package var processes: Enforcement
    package var cpu: Enforcement
    /// How everything that a process started is found and ended with it.
    package var grouping: String
}
