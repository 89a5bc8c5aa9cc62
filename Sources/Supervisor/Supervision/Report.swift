import Nouns

/// One thing that happened, for logs and `/events`.
package struct Report: Hashable, Sendable {
    /// A fixed lower-case phrase.
    package enum Phrase: String, CaseIterable, Sendable {
        case starting = "instance starting"
        case serving = "instance serving"
        case crashed = "instance crashed"
        case backingOff = "instance backing off"
        case quarantined = "instance quarantined"
        case cleared = "instance cleared"
        case draining = "instance draining"
        case stopping = "instance stopping"
        case asleep = "instance asleep"
        case held = "instance held"
        case letGo = "instance no longer held"
        case disabled = "instance disabled"
        case hung = "instance missed its watchdog"
        case startTimedOut = "instance did not become ready in time"
        case stopTimedOut = "instance did not stop in time"
        case portTaken = "port taken by another program"
        case portsExhausted = "no port free"
        case projectDeclared = "project declared"
        case projectWithdrawn = "project withdrawn"
        case warmed = "warm process ready"
        case warmFailed = "warm process failed"
        case configured = "settings changed"
        case shuttingDown = "cluster shutting down"
    }

    package var phrase: Phrase
    package var instance: InstanceID?
    package var project: ProjectID?
    package var incarnation: Incarnation?
    package var port: UInt16?
    package var exit: Exit?
    package var reason: String?
    package var nextAttempt: Instant?

    package init(_ phrase: Phrase, _ instance: InstanceID? = nil, project: ProjectID? = nil) {
        (self.phrase, self.instance, self.project) = (phrase, instance, project)
    }
}
