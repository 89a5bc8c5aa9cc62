import CLoad
import Linux
import Trial

/// The load generator with its backend, on a core of its own.
final class Load {
    /// What a group of clients did, and how long it waited.
    struct Result {
        var counts: cload_counts
        /// Microseconds.
        var p50: Double
        var p99: Double
        var seconds: Double

        var good: Int { Int(counts.good) }
        var broken: Int { Int(counts.broken) }
        /// Nothing but good answers came.
        var isClean: Bool { counts.other + counts.refused + counts.broken == 0 }
        var rate: Double { Double(counts.good) / seconds }
    }

    private let load: OpaquePointer
    /// Kept open as long as the backend accepts on them.
    private let listeners: [Descriptor]

    /// - Parameter urgent: a listener whose connections are served before others.
    init(_ listeners: [Descriptor], urgent: Descriptor? = nil) {
        load = cload_create(Int32(Ground.loadCore))
        self.listeners = listeners + (urgent.map { [$0] } ?? [])
        for listener in listeners { cload_listen(load, listener.number, false) }
        if let urgent { cload_listen(load, urgent.number, true) }
    }

    deinit { cload_destroy(load) }

    /// Adds clients; returns the group's number.
    func add(_ plan: Plan, to port: UInt16) throws -> Int32 {
        var form = cload_plan()
        form.behaviour = plan.behaviour
        form.port = port
        form.connections = UInt32(plan.connections)
        form.rate = plan.rate
        (form.tls, form.urgent) = (plan.tls, plan.isUrgent)
        (form.source, form.source_count) = (plan.source, UInt32(plan.sourceCount))
        let texts = plan.requests.map { text -> UnsafePointer<CChar>? in
            let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: text.count)
            for (index, byte) in text.enumerated() { bytes[index] = CChar(bitPattern: byte) }
            return UnsafePointer(bytes)
        }
        defer { for text in texts { text?.deallocate() } }
        let group = texts.withUnsafeBufferPointer { texts in
            plan.requests.map(\.count).withUnsafeBufferPointer { lengths in
                (form.requests, form.lengths) = (texts.baseAddress, lengths.baseAddress)
                form.request_count = texts.count
                return cload_add(load, &form)
            }
        }
        guard group >= 0 else { throw TrialCluster.Failure("too many groups of clients") }
        return group
    }

    func start() throws { guard cload_start(load) else { throw TrialCluster.Failure("no thread for the load") } }
    func pause(_ pauses: Bool) { cload_pause(load, pauses) }
    func reset() { cload_reset(load) }
    func counts(_ group: Int32) -> cload_counts { cload_counts(load, group) }
    func good(_ group: Int32) -> Int { Int(counts(group).good) }
    func open(_ group: Int32) -> Int { Int(cload_open(load, group)) }

    func result(_ group: Int32, seconds: Double) -> Result {
        Result(
            counts: counts(group), p50: cload_percentile(load, group, 0.5), p99: cload_percentile(load, group, 0.99),
            seconds: seconds)
    }

    /// A group of clients that do the same.
    struct Plan {
        var behaviour = CLOAD_CLOSED
        var connections = 64
        /// A second, over all connections, for `CLOAD_RATE`.
        var rate = 0.0
        var requests: [[UInt8]]
        var tls = false
        /// Served before others, to `Backend.calm`.
        var isUrgent = false
        /// The first of the clients' addresses; 0: the kernel chooses.
        var source: UInt32 = 0
        var sourceCount = 1
    }
}
