/// What is wrong with what, for someone who must act.
package struct Alert: Hashable, Sendable {
    /// The names that BunBase itself raises. Others may come from operators' own programs, in the same form.
    package enum Known: String, CaseIterable, Sendable {
        case quarantined = "instance.quarantined"
        case crashLoop = "instance.crash_loop"
        case portsExhausted = "ports.exhausted"
        case diskLow = "disk.low"
        case backupFailed = "backup.failed"
        case certificateExpires = "certificate.expires"
        case unreachable = "supervisor.unreachable"
    }

    /// Two alerts of the same key are one.
    package struct Key: Hashable, Comparable, Sendable {
        package var name: String
        /// An instance, a path, a host.
        package var subject: String

        package init(_ name: String, _ subject: String) { (self.name, self.subject) = (name, subject) }
        package init(_ known: Known, _ subject: String) { self.init(known.rawValue, subject) }
        package static func < (a: Self, b: Self) -> Bool { (a.name, a.subject) < (b.name, b.subject) }
    }

    package var key: Key
    /// A sentence for people.
    package var text: String

    package init(_ key: Key, _ text: String) { (self.key, self.text) = (key, text) }

    /// Bytes of a name, a subject, a text; more is cut.
    package static let nameMax = 64
    package static let subjectMax = 256
    package static let textMax = 1024
}

/// What is told of an alert.
package struct AlertNotice: Hashable, Sendable {
    package enum State: String, Sendable {
        case raised
        /// It still holds, after the time at which one wants to be reminded.
        case repeated
        case resolved
    }

    package var state: State
    package var alert: Alert
    /// When it was raised, milliseconds since 1970.
    package var since: Int64
    package var at: Int64

    package init(_ state: State, _ alert: Alert, since: Int64, at: Int64) {
        (self.state, self.alert, self.since, self.at) = (state, alert, since, at)
    }
}
