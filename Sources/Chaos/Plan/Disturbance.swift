/// Something that is done to a running cluster. What clients may notice of each stands in `BlastRadius`; the same table
/// is `docs/operate/faults.md`.
package struct Disturbance: Hashable, Sendable {
    package enum Form: String, CaseIterable, Hashable, Sendable {
        // To a project's process.
        case kill
        case killAtCall = "kill-at-call"
        case stop
        case freeze
        case failedSync = "failed-sync"
        case deletedSocket = "deleted-socket"
        // To its log, while it is stopped.
        case tornLog = "torn-log"
        case flippedTail = "flipped-tail"
        case damagedLog = "damaged-log"
        // By a process that misbehaves.
        case exitAtStart = "exit-at-start"
        case slowStart = "slow-start"
        case neverReady = "never-ready"
        case hang
        case mute
        case deaf
        case memory
        case processes
        case descriptors
        case missingProgram = "missing-program"
        case replacedProgram = "replaced-program"
        // To the machine.
        case fullDisk = "full-disk"
        case stolenPort = "stolen-port"
        case clockJump = "clock-jump"
        // By clients.
        case slowClients = "slow-clients"
        case vanishedClients = "vanished-clients"
        case wakeStorm = "wake-storm"
        // To the services.
        case killFront = "kill-front"
        case killFrontAtCall = "kill-front-at-call"
        case killPlatform = "kill-platform"
        case killSupervisor = "kill-supervisor"
        case killSupervisorAtCall = "kill-supervisor-at-call"
        case reusedPID = "reused-pid"
    }

    package enum Target: Hashable, Sendable, CustomStringConvertible {
        /// A project by its place in the run, and a kind.
        case instance(project: Int, kind: String)
        /// All of a project.
        case project(Int)
        /// The cluster, a service of it, or the machine.
        case cluster

        package var description: String {
            switch self {
            case .instance(let project, let kind): "project \(project)/\(kind)"
            case .project(let project): "project \(project)"
            case .cluster: "the cluster"
            }
        }
    }

    package var form: Form
    package var target: Target
    /// Since the run began.
    package var at: Duration
    /// A number that was drawn for it: before which system call to kill, which bit to turn.
    package var number: Int

    package init(_ form: Form, _ target: Target, at: Duration, number: Int = 0) {
        (self.form, self.target, self.at, self.number) = (form, target, at, number)
    }
}

extension Disturbance.Form {
    /// The kinds that it can be done to; empty where it is not done to an instance.
    package var kinds: [String] {
        switch self {
        case .kill, .killAtCall, .stop, .freeze, .deletedSocket: ["bundoc", "bunder"]
        case .failedSync, .tornLog, .flippedTail, .damagedLog, .reusedPID: ["bundoc", "bunder"]
        case .exitAtStart, .slowStart, .neverReady, .hang, .mute, .deaf, .memory, .processes, .descriptors,
            .missingProgram, .replacedProgram:
            [Store.misbehaver]
        default: []
        }
    }

    /// Whether it needs a cluster of chaos' own: one that it may break, or whose programs it may replace.
    package var needsOwnCluster: Bool {
        switch self {
        case .kill, .killAtCall, .stop, .freeze, .failedSync, .deletedSocket, .slowClients, .vanishedClients,
            .wakeStorm:
            false
        default: true
        }
    }
}
