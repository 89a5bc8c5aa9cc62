import ChaosPlan
import Foundation
import Glibc
import Linux
import Supervision
import Trial

/// The cluster that chaos starts for itself: everything may be done to it.
///
/// It falls asleep and restarts soon, so that much happens in little time; crashes lead to quarantine only for the kind
/// that crashes on purpose.
enum OwnCluster {
    /// Where a run may not misbehave on purpose: the program is part of the tests.
    static func hasMisbehaver(_ programs: String) -> Bool { access(programs + "/trial-misbehaver", X_OK) == 0 }

    /// Starts one. With `misbehaves` its kind of that name can be started.
    static func start(
        programs: String, projects: Int, users: ClosedRange<UInt32>, misbehaves: Bool
    ) throws -> TrialCluster {
        let cluster = try TrialCluster(
            clusterFile: { clusterFile(home: $0, users: users) }, portCount: projects * 3 + 60, programs: programs,
            in: directory)
        prefer(cluster)
        guard misbehaves else { return cluster }
        let path = misbehaver(cluster.home)
        let directory = URL(filePath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: URL(filePath: programs + "/trial-misbehaver").resolvingSymlinksInPath().path, toPath: path)
        return cluster
    }

    /// In memory where there is room: what happens to files is made to happen, and a disk that lets everyone wait while
    /// somebody builds is not part of it. Calls that sync are made all the same, and are made to fail.
    private static var directory: String {
        var facts = statvfs()
        let memory = "/dev/shm"
        let hasRoom = statvfs(memory, &facts) == 0 && UInt64(facts.f_bavail) * UInt64(facts.f_frsize) > 4 << 30
        return hasRoom && access(memory, W_OK) == 0 ? memory : "/tmp"
    }

    /// Lets it run ahead of what else there is on the machine, where that is allowed: it is the cluster that is tried,
    /// not whoever builds something beside it.
    private static func prefer(_ cluster: TrialCluster) {
        for directory in (try? cluster.groupDirectories()) ?? [] {
            try? SmallFile.write("16384", to: directory + "/cpu.shares")
            try? SmallFile.write("1600", to: directory + "/cpu.weight")
        }
    }

    /// Beside the cluster file; a name of chaos' own, so that it can be moved away.
    private static let program = "misbehaver/program"

    /// Beyond what a cluster has that says nothing of it.
    static let users: ClosedRange<UInt32> = 731_072...862_143
    static let peerUsers: ClosedRange<UInt32> = 862_144...878_527

    static func misbehaver(_ home: String) -> String { home + "/" + program }
    static func clock(_ home: String) -> String { home + "/clock" }

    /// Twice the usual: a machine that builds and tests beside may let processes wait for seconds, and who is ended
    /// for that was not disturbed by chaos.
    private static let watchdog = "4s"

    /// What `restart` says below.
    static let policy: RestartPolicy = {
        var policy = RestartPolicy()
        (policy.intensity, policy.delayMax) = (1000, .seconds(1))
        return policy
    }()

    /// Likewise, of the kind that misbehaves.
    static let misbehaverPolicy: RestartPolicy = {
        var policy = RestartPolicy()
        (policy.intensity, policy.delayMax) = (6, .seconds(1))
        return policy
    }()

    /// - Parameter users: the user ids of its projects; each cluster of a machine has its own.
    static func clusterFile(home: String, users: ClosedRange<UInt32>) -> String {
        let restart = "restart: {intensity: 1000, delay_max: 1s}"
        let engine =
            "watchdog: \(watchdog), idle_timeout: 3s, stop_timeout: 5s, drain_timeout: 8s, \(restart), "
            + "environment: {TESTING_CLOCK: \(clock(home))}"
        return """
            node: chaos
            testing: true
            isolation: {uids: \(users.lowerBound)-\(users.upperBound)}
            supervision: {starts_max: 16, port_retry: 1s}
            front: {wait_max: 20s}
            kinds:
              bundoc: {\(engine)}
              bunder: {\(engine)}
              misbehaver:
                program: ./\(program)
                control: true
                watchdog: \(watchdog)
                start_timeout: 2s
                stop_timeout: 1s
                drain_timeout: 1s
                idle_timeout: 3s
                restart: {intensity: 6, delay_max: 1s}
                limits: {memory: 64MiB, pids: 24, files: 64}
              platform: {watchdog: \(watchdog), \(restart)}
              front: {watchdog: \(watchdog), \(restart)}
            routes:
              - {prefix: /v1/database/, kind: bundoc, rewrite: "/v1/projects/{project}/databases/(default)/"}
              - {prefix: /v1/kv/, kind: bunder, rewrite: "/kv/{project}/"}
              - {prefix: /v1/misbehaver/, kind: misbehaver, rewrite: /}

            """
    }
}
