/// How far a disturbance reaches, what may be noticed there, and how soon it is over. `docs/operate/faults.md` promises
/// the same to operators, and a run holds the cluster to it.
package struct BlastRadius: Hashable, Sendable {
    package enum Reach: Hashable, Sendable {
        case nobody
        /// The kind of the project that it was done to.
        case instance
        /// That kind of all projects.
        case kind
        /// All kinds of that project.
        case project
        case everyone
    }

    /// What requests within reach may see. Each allows what those before it allow.
    package enum Effect: Int, Comparable, Hashable, Sendable {
        case nothing
        case slower
        /// Requests that may not be repeated fail.
        case unrepeatableFail
        case fails

        package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }

    package var reach: Reach
    package var effect: Effect
    /// How long it is left as it is before it is undone; zero for what cannot be or need not be undone.
    package var holds: Duration
    /// From its end until nothing is to be noticed any more.
    package var heals: Duration

    init(_ reach: Reach, _ effect: Effect, holds: Duration = .zero, heals: Duration) {
        (self.reach, self.effect, self.holds, self.heals) = (reach, effect, holds, heals)
    }
}

extension Disturbance.Form {
    package var radius: BlastRadius {
        switch self {
        case .kill, .killAtCall: BlastRadius(.instance, .unrepeatableFail, heals: .seconds(2))
        case .stop: BlastRadius(.instance, .unrepeatableFail, heals: .seconds(6))
        case .freeze: BlastRadius(.instance, .slower, holds: .milliseconds(500), heals: .milliseconds(500))
        case .failedSync: BlastRadius(.instance, .fails, heals: .seconds(2))
        case .deletedSocket: BlastRadius(.instance, .slower, heals: .seconds(1))
        case .tornLog, .flippedTail: BlastRadius(.instance, .fails, heals: .seconds(2))
        case .damagedLog: BlastRadius(.instance, .fails, holds: .seconds(1), heals: .seconds(2))
        case .exitAtStart: BlastRadius(.instance, .fails, holds: .seconds(2), heals: .seconds(2))
        case .missingProgram: BlastRadius(.kind, .fails, holds: .seconds(2), heals: .seconds(2))
        case .neverReady: BlastRadius(.instance, .fails, holds: .seconds(3), heals: .seconds(4))
        case .slowStart: BlastRadius(.instance, .slower, holds: .seconds(1), heals: .seconds(2))
        case .replacedProgram: BlastRadius(.instance, .slower, heals: .seconds(2))
        case .hang, .mute: BlastRadius(.instance, .fails, heals: .seconds(6))
        case .deaf: BlastRadius(.instance, .slower, heals: .seconds(3))
        case .memory: BlastRadius(.instance, .fails, heals: .seconds(4))
        case .processes, .descriptors: BlastRadius(.instance, .fails, holds: .seconds(1), heals: .seconds(3))
        case .fullDisk: BlastRadius(.project, .fails, holds: .milliseconds(1500), heals: .seconds(2))
        case .stolenPort: BlastRadius(.nobody, .nothing, holds: .seconds(5), heals: .zero)
        case .clockJump: BlastRadius(.nobody, .nothing, holds: .seconds(3), heals: .zero)
        case .slowClients: BlastRadius(.nobody, .nothing, holds: .seconds(3), heals: .zero)
        case .vanishedClients: BlastRadius(.nobody, .nothing, heals: .zero)
        case .wakeStorm: BlastRadius(.everyone, .slower, heals: .seconds(5))
        case .killFront, .killFrontAtCall: BlastRadius(.everyone, .fails, heals: .seconds(2))
        case .killPlatform: BlastRadius(.nobody, .nothing, heals: .zero)
        case .reusedPID: BlastRadius(.everyone, .unrepeatableFail, heals: .seconds(4))
        case .killSupervisor, .killSupervisorAtCall: BlastRadius(.everyone, .slower, heals: .seconds(2))
        }
    }

    /// In a few words for a report.
    package var words: String {
        switch self {
        case .kill: "kill -9"
        case .killAtCall: "kill -9 between two system calls"
        case .stop: "SIGSTOP"
        case .freeze: "SIGSTOP, then SIGCONT"
        case .failedSync: "fdatasync fails"
        case .deletedSocket: "its socket's file is deleted"
        case .tornLog: "its log ends within a batch"
        case .flippedTail: "a wrong bit in the log's unacknowledged end"
        case .damagedLog: "a wrong bit in what was acknowledged"
        case .exitAtStart: "exits when it starts"
        case .slowStart: "is slow to be ready"
        case .neverReady: "is never ready"
        case .hang: "its loop hangs"
        case .mute: "says nothing to its watchdog"
        case .deaf: "ignores SIGTERM"
        case .memory: "takes all memory"
        case .processes: "starts processes without end"
        case .descriptors: "takes all descriptors"
        case .missingProgram: "its program is missing"
        case .replacedProgram: "its program is replaced"
        case .fullDisk: "the project's disk is full"
        case .stolenPort: "ports of the pool are taken"
        case .clockJump: "the clock jumps"
        case .slowClients: "clients send a byte now and then"
        case .vanishedClients: "clients vanish within their requests"
        case .wakeStorm: "everything sleeps and is woken at once"
        case .killFront: "kill -9 of the front"
        case .killFrontAtCall: "kill -9 of the front between two system calls"
        case .killPlatform: "kill -9 of the platform"
        case .killSupervisor: "kill -9 of the supervisor"
        case .killSupervisorAtCall: "kill -9 of the supervisor between two system calls"
        case .reusedPID: "it dies with the supervisor, and a stranger gets its process number"
        }
    }
}

/// A disturbance as it was carried out.
package struct Inflicted: Hashable, Sendable {
    package var disturbance: Disturbance
    package var began: Duration
    /// When it was undone, or done.
    package var ended: Duration
    /// What was met: a pid, a file; or why it could not be done.
    package var note: String
    /// False: nothing was done, and nothing is excused by it.
    package var wasDone: Bool

    package init(_ disturbance: Disturbance, _ began: Duration, _ ended: Duration, note: String, wasDone: Bool = true) {
        (self.disturbance, self.began, self.ended) = (disturbance, began, ended)
        (self.note, self.wasDone) = (note, wasDone)
    }

    /// What requests of a project's store may see of it at some time between two moments.
    package func effect(on project: Int, _ store: Store, from: Duration, to: Duration) -> BlastRadius.Effect {
        let radius = disturbance.form.radius
        guard wasDone, began <= to, from <= ended + radius.heals else { return .nothing }
        let isReached =
            switch (radius.reach, disturbance.target) {
            case (.nobody, _): false
            case (.everyone, _): true
            case (.instance, .instance(let other, let kind)): other == project && kind == store.kind
            case (.kind, .instance(_, let kind)): kind == store.kind
            case (.project, .instance(let other, _)), (.project, .project(let other)): other == project
            default: false
            }
        return isReached ? radius.effect : .nothing
    }
}

extension Disturbance.Form {
    /// Name, what is done, how far it reaches, what may be noticed there, how long it is left, how soon it is over: a
    /// row of the published table.
    package var row: [String] {
        let radius = radius
        let reach =
            switch radius.reach {
            case .nobody: "nobody"
            case .instance: "the kind of the project"
            case .kind: "the kind in all projects"
            case .project: "the project"
            case .everyone: "everyone"
            }
        let effect =
            switch radius.effect {
            case .nothing: "nothing"
            case .slower: "requests wait"
            case .unrepeatableFail: "requests wait; what may not be repeated fails"
            case .fails: "requests fail"
            }
        func text(_ duration: Duration) -> String { duration == .zero ? "–" : duration.inSeconds }
        return [rawValue, words, reach, effect, text(radius.holds), text(radius.heals)]
    }
}
