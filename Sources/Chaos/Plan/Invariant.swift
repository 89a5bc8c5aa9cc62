/// What must hold whatever is done to a cluster.
package enum Invariant: String, CaseIterable, Hashable, Sendable {
    case noLostWrite = "no acknowledged write is lost or altered"
    case noStaleRead = "no read goes back in time"
    case noInvention = "nothing is read that nobody wrote"
    case noForeignAnswer = "no answer comes from another project's process"
    case noDuplicate = "nothing happens more often than it was asked for"
    case durable = "what is acknowledged was synced first"
    case oneOwner = "a port is given to one instance at a time"
    case oneProcess = "one process for each instance at any moment"
    case outsideSucceeds = "outside a blast radius every request succeeds"
    case outsideIsQuick = "outside a blast radius requests are as quick as in quiet"
    case heals = "after the last disturbance everything serves again in time"
    case restartCurve = "restarts follow the published curve"
    case statusIsTrue = "the status claims no dead process alive for long"
    case census = "descriptors, ports, control groups, files and processes are what they were"
}

/// Something that contradicts an invariant.
package struct Violation: Hashable, Sendable {
    package var invariant: Invariant
    package var text: String
    /// Since the run began; nil when it belongs to no moment.
    package var at: Duration?

    package init(_ invariant: Invariant, _ text: String, at: Duration? = nil) {
        (self.invariant, self.text, self.at) = (invariant, text, at)
    }
}
