import Nouns
import Supervision

/// What holds after every step, whatever the weather.
extension Simulation {
    mutating func checkPromises() throws(Violation) {
        guard let supervisor else { return }
        if let deadline = supervisor.nextDeadline {
            try promise(deadline > now, "the next deadline lies ahead, not at \(deadline)")
        }
        try checkProcesses()
        // What is missing stays missing: looking now and then finds it.
        guard counts.events % 8 == 0 else { return }
        try checkMemory(supervisor)
        try checkWatch(supervisor)
    }

    /// Each wait that a process is given ends in time.
    private func checkProcesses() throws(Violation) {
        var blanks: [Kind: Int] = [:]
        for process in machine.processes where !process.isKilled {
            if process.instance == nil { blanks[process.kind, default: 0] += 1 }
            if process.isStarting, let readyBy = process.readyBy {
                try promise(readyBy > now, "a start that takes too long is ended: \(process.incarnation)")
            }
            if process.isTerminated, let stoppedBy = process.stoppedBy {
                try promise(stoppedBy > now, "a stop that takes too long is ended: \(process.incarnation)")
            }
            if process.isRelieved, !process.isTerminated, let relievedBy = process.relievedBy {
                try promise(relievedBy > now, "one that was relieved is told to end in time: \(process.incarnation)")
            }
            let isOnItsWay = process.isTerminated || process.isRelieved || process.saidStopping
            if process.isWatched, !isOnItsWay, let pingedBy = process.pingedBy {
                try promise(pingedBy > now, "a process that hangs is killed: \(process.incarnation)")
            }
        }
        for kind in Settings.stores {
            let most = isShuttingDown ? 0 : settings.kinds[kind]?.warm ?? 0
            try promise(blanks[kind, default: 0] <= most, "at most \(most) blank processes of \(kind)")
        }
    }

    /// The journal has what a restart would need: no less, no more.
    private func checkMemory(_ supervisor: Supervisor) throws(Violation) {
        for project in declared {
            for kind in Settings.stores { try checkMemory(supervisor, InstanceID(project, kind)) }
        }
        for kind in Settings.services { try checkMemory(supervisor, InstanceID(.shared, kind)) }
    }

    private func checkMemory(_ supervisor: Supervisor, _ id: InstanceID) throws(Violation) {
        let kept = journal[id], truth = supervisor.record(id)
        guard kept != truth else { return }
        try promise(
            (kept ?? InstanceRecord(id)) == (truth ?? InstanceRecord(id)),
            "the journal knows \(id) as it is: \(truth.map { "\($0)" } ?? "nothing")")
    }

    /// What has work is watched.
    private func checkWatch(_ supervisor: Supervisor) throws(Violation) {
        for process in machine.processes {
            guard let id = process.instance, process.isKnownReady, !process.isWatched, !process.isTerminated,
                !process.isRelieved,
                !process.isKilled, process.period != nil, let view = supervisor.instance(id)
            else { continue }
            try promise(
                view.observed != .serving || view.leases == 0 && !view.isBusy, "\(id) has work and is watched")
        }
    }

    /// No port is closed while a front may still use it.
    func checkNobodyHolds(_ generation: Generation) throws(Violation) {
        let isWaitOver = now >= registrationEnd
        for door in doors where door.id?.number ?? 0 > 0 || !isWaitOver {
            for (id, lease) in door.leases where lease.generation == generation {
                // One that has not registered in time counts as gone.
                if !door.isRegistered, isWaitOver { continue }
                try promise(
                    lease.revokedUntil.map { $0 <= now } ?? false,
                    "generation \(generation) of \(id) is closed when no front holds it")
            }
        }
    }

    /// What was built on a process that is gone is built anew.
    mutating func checkDependents(of incarnation: Incarnation) throws(Violation) {
        guard let supervisor, !isShuttingDown, let process = buried, process.incarnation == incarnation,
            process.isKnownReady, !process.isRelieved,
            let id = process.instance
        else { return }
        buried = nil
        for other in machine.processes {
            guard let dependent = other.instance, settings.kinds[dependent.kind]?.needs.contains(id.kind) == true,
                id.project.isShared || dependent.project == id.project
            else { continue }
            if supervisor.instance(dependent)?.observed == .draining { continue }
            try promise(
                other.isTerminated || other.isKilled || other.saidStopping || other.isRelieved || other.since == now,
                "\(dependent) restarts with \(id), which it needs")
        }
    }

    /// Nothing is stopped for good before what needs it.
    func checkReverseOrder(_ id: InstanceID) throws(Violation) {
        // What was already stopping in the life before goes on doing so.
        guard !isReviving, let view = supervisor?.instance(id), view.desired != .serving else { return }
        for other in machine.processes {
            guard let dependent = other.instance, dependent.project == id.project, !other.isGone,
                settings.kinds[dependent.kind]?.needs.contains(id.kind) == true
            else { continue }
            try promise(other.isTerminated || other.isKilled, "\(id) outlives \(dependent), which needs it")
        }
    }
}
