import Nouns

/// The answers of the supervisor to those it cannot serve. Codes are stable; `docs/reference/errors.md` lists them.
extension Fault {
    static func unknownProject(_ project: ProjectID) -> Fault {
        Fault(404, "project.unknown", "There is no project \(project). Check the project's id or its key.")
    }

    static func unknownKind(_ id: InstanceID) -> Fault {
        Fault(
            404, "kind.unknown", "Projects of this cluster have no instance \(id). Check the kinds in the cluster file."
        )
    }

    static func disabled(_ id: InstanceID) -> Fault {
        Fault(
            503, "instance.disabled", "An operator stopped \(id). It stays down until it is started again.",
            party: .cluster)
    }

    static func quarantined(_ id: InstanceID, nextAttempt: Duration) -> Fault {
        Fault(
            503, "instance.quarantined",
            "\(id) crashed too often and is only probed from time to time. Look at its logs; an operator can clear it.",
            party: .instance, retryAfter: nextAttempt)
    }

    static func crashed(_ id: InstanceID, _ reason: String) -> Fault {
        Fault(
            503, "instance.crashed", "\(id) ended before it was ready (\(reason)). Look at its logs.",
            party: .instance, retryAfter: .seconds(1))
    }

    static func backingOff(_ id: InstanceID, nextAttempt: Duration) -> Fault {
        Fault(
            503, "instance.backing_off", "\(id) crashed and is started again after a while. Try again later.",
            party: .instance, retryAfter: nextAttempt)
    }

    static func startTimeout(_ id: InstanceID) -> Fault {
        Fault(
            503, "instance.start_timeout", "\(id) was not ready in time. Try again, or let the request wait longer.",
            party: .instance, retryAfter: .seconds(1))
    }

    static func stopTimeout(_ id: InstanceID) -> Fault {
        Fault(
            503, "instance.stop_timeout", "\(id) is being stopped and could not be started anew in time. Try again.",
            party: .instance, retryAfter: .seconds(1))
    }

    static func needTimeout(_ id: InstanceID) -> Fault {
        Fault(
            503, "instance.need_timeout", "What \(id) needs was not ready in time. Try again.", party: .cluster,
            retryAfter: .seconds(1))
    }

    static func tooManyWaiting(_ id: InstanceID) -> Fault {
        Fault(
            503, "instance.waiters_full", "Too many requests already wait for \(id) to start. Try again.",
            party: .instance, retryAfter: .seconds(1))
    }

    static let portsExhausted = Fault(
        503, "ports.exhausted", "All ports of the node are in use. Try again, or widen the range of ports.",
        party: .cluster, retryAfter: .seconds(1))

    static let startsBusy = Fault(
        503, "starts.busy", "Too many instances are starting at once. Try again.", party: .cluster,
        retryAfter: .seconds(1))

    static let shuttingDown = Fault(
        503, "cluster.shutting_down", "The cluster is being shut down. Try again when it is up.", party: .cluster,
        retryAfter: .seconds(5))

    static let unknownFront = Fault(
        503, "front.unknown", "The front has not joined. It must say hello first.", party: .cluster)

    static func projectWithdrawn(_ project: ProjectID) -> Fault {
        Fault(409, "project.withdrawn", "Project \(project) was deleted; its id is not used again. Choose another.")
    }

    static let projectsFull = Fault(
        409, "projects.full", "The node knows as many projects as it may. Raise the limit in the cluster file.",
        party: .cluster)

    static func alwaysOn(_ id: InstanceID) -> Fault {
        Fault(409, "service.always_on", "\(id) is a shared service and never sleeps. Restart or stop it instead.")
    }

    static func held(_ id: InstanceID) -> Fault {
        Fault(
            409, "instance.held", "\(id) is held down while its files are copied. Try again when that is over.",
            party: .cluster, retryAfter: .seconds(5))
    }

    static func holdTimeout(_ id: InstanceID) -> Fault {
        Fault(
            503, "instance.hold_timeout", "\(id) is held down for longer than the request waits. Try again.",
            party: .cluster, retryAfter: .seconds(1))
    }

    static func holdLost(_ id: InstanceID) -> Fault {
        Fault(
            409, "instance.hold_lost",
            "\(id) was not held down all the time: what was copied of its files is worth nothing. Copy them again.",
            party: .cluster)
    }

    static func superseded(_ id: InstanceID) -> Fault {
        Fault(409, "command.superseded", "A later command for \(id) took this one's place. Ask for its state.")
    }
}
