import Nouns

/// Where the sockets of a running cluster lie, below its runtime directory.
///
/// A socket's path may have 107 bytes at most (`unix(7)`); the runtime directory may therefore have 70.
package struct RunPaths: Hashable, Sendable {
    package static let directoryLengthMax = 70

    package let directory: String

    package init(_ directory: String) { self.directory = directory }

    /// HTTP: status for readers, and everything that changes something, for callers of the same user or root.
    package var control: String { directory + "/control.sock" }
    /// Packets: fronts ask for leases here.
    package var lease: String { directory + "/lease.sock" }
    /// Packets: the platform pushes the key table to fronts here.
    package var keys: String { directory + "/keys.sock" }
    /// HTTP: the platform for operators of the same user or root.
    package var platform: String { directory + "/platform.sock" }
    /// HTTP: the front's counters, for the supervisor's page of metrics.
    package var frontMetrics: String { directory + "/front-metrics.sock" }
    /// Held exclusively by the running supervisor.
    package var lock: String { directory + "/supervisor.lock" }
    /// One datagram socket for each process.
    package func notify(_ incarnation: Incarnation) -> String { directory + "/notify/\(incarnation)" }
    /// HTTP, beside the port of the same number.
    package func unix(port: UInt16) -> String { directory + "/port/\(port).sock" }
    /// Packets: connections are handed to the instance here.
    package func handOff(port: UInt16) -> String { directory + "/port/\(port).take" }
    /// A second name of a socket's file, for who finds the first deleted and has no port to turn to.
    package static func spare(of path: String) -> String { path + ".spare" }
}
