import Linux
import Nouns
import Supervision

/// One process, with all that the supervisor holds for it.
///
/// Running, until its exit is seen; ending, until everything it started is gone too; then it is dropped, and only then
/// is its exit told.
final class Child {
    let incarnation: Incarnation
    let kind: Kind
    let process: ChildProcess
    let containment: Containment
    /// Nil for kinds without one, and when it broke with an earlier life.
    var control: PacketConnection?
    var notices: NotifyReceiver?
    var output: OutputCapture?
    /// Whom it is to be, or was found to be; nil: this process's own user. A process that says it is ready as another
    /// did not shut itself in.
    var user: UInt32?
    /// Nil while it is blank.
    var instance: InstanceID?
    var generation: Generation?
    let startedAt: Instant
    /// Nil when the file could not be looked at.
    var program: ProgramIdentity?
    var isReady = false
    /// What it says of itself (`STATUS=`).
    var statusText: String?
    /// Its end was told as a failed start already.
    var isDiscarded = false
    var usage: Usage?
    /// Watches for connections to a service that is not watched itself.
    var stirrings: [EventLoop.Registration] = []

    init(
        _ incarnation: Incarnation, _ kind: Kind, _ process: ChildProcess, _ containment: Containment,
        startedAt: Instant
    ) {
        (self.incarnation, self.kind, self.process) = (incarnation, kind, process)
        (self.containment, self.startedAt) = (containment, startedAt)
    }

    /// Names what it logs: its instance, once it has one.
    var name: String { instance?.description ?? "\(kind) \(incarnation)" }
}
