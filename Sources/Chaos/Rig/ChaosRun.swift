import ChaosPlan
import Foundation
import Glibc
import JSON
import Synchronization
import Trial

/// Load and disturbances on a cluster, and what came of it.
package final class ChaosRun {
    /// What a run is done to.
    package enum Place: Sendable {
        /// A cluster of its own, started from these programs and removed at the end.
        case own(programs: String)
        /// One that runs: chaos makes projects of its own in it, disturbs only those, and deletes them at the end.
        case running(TrialCluster)
    }

    private let scenario: Scenario
    private let seed: UInt64
    private let place: Place
    private let command: String
    private let directory: String?
    private let say: (String) -> Void
    private var leftOut: [String] = []

    /// - Parameters:
    ///   - directory: where the logs of a cluster of chaos' own are left, as `logs`; nil: they go with it.
    ///   - say: told what is under way, in short lines.
    package init(
        _ scenario: Scenario, seed: UInt64, _ place: Place, command: String, directory: String? = nil,
        say: @escaping (String) -> Void = { _ in }
    ) {
        (self.scenario, self.seed, self.place, self.command, self.say) = (scenario, seed, place, command, say)
        self.directory = directory
    }

    /// Throws when the cluster cannot be had.
    package func run() throws -> RunReport {
        var scenario = scenario
        let began = Date().ISO8601Format()
        let interruption = Interruption()
        let (cluster, isOwn) = try start(&scenario)
        if isOwn { interruption.undo { cluster.stop() } }
        defer {
            if isOwn {
                keepLogs(of: cluster)
                cluster.stop()
            }
        }
        say("creating \(scenario.projects) projects")
        let projects = try (0..<scenario.projects).map { try cluster.createProject("chaos \($0)") }
        defer { if !isOwn { remove(projects, cluster) } }
        let disk = isOwn ? smallDisk(cluster, projects) : nil
        defer { disk?.remove() }
        if let disk { interruption.undo { disk.remove() } }
        if isOwn, disk == nil { leftOut.append("full-disk: this user may not mount a small file system") }
        let clock = isOwn ? InjectedClock(at: OwnCluster.clock(cluster.home)) : nil
        try warmUp(cluster, projects, scenario)
        let before = isOwn ? try restingCensus(cluster) : nil
        let peer = try peer(scenario)
        defer { peer?.stop() }
        if let peer { interruption.undo(by: peer.stop) }

        let watch = Stopwatch()
        let watcher = Watcher(cluster, scenario, watch, curves: isOwn ? Self.curves : [:])
        let load = Load(cluster, projects, scenario.stores, seed: seed, watch, spread: scenario.settled / 2) {
            [scenario] in scenario.rate(of: $0)
        }
        peer?.begin(scenario, seed: seed, watch)
        let schedule = Schedule(scenario, seed: seed)
        say("\(schedule.disturbances.count) disturbances in \(scenario.duration.inSeconds)")
        let hand = Hand(cluster, projects, watch, smallDisk: disk, clock: clock)
        let inflicted = hand.carryOut(schedule)
        watch.wait(until: scenario.duration)
        load.enter(.steady)
        let last = max(watch.now, inflicted.map { $0.ended }.max() ?? .zero)
        // Long enough for each client to have tried a few times once everything should serve.
        watch.wait(until: last + scenario.heals + .seconds(8 / scenario.rate))
        say("reading back what was written")
        let history = load.finish()
        let undisturbed = peer?.finish() ?? History()
        let lasted = watch.now
        var watched = watcher.finish()
        watched.violations += hand.findings.violations + watcher.unexplainedTakings(inflicted)
        watched.checks.merge(hand.findings.checks) { $0 + $1 }
        watched.checks[.oneOwner] = isOwn ? watched.checks[.statusIsTrue] : nil
        return report(
            scenario, projects, (history, undisturbed), inflicted, watched, began: began, lasted: lasted, last: last,
            census: try before.map { try compare(cluster, $0) })
    }

    // MARK: The cluster

    private func start(_ scenario: inout Scenario) throws -> (TrialCluster, isOwn: Bool) {
        switch place {
        case .running(let cluster):
            scenario.stores.removeAll { $0 == .probes }
            let foreign = Disturbance.Form.allCases.filter { $0.needsOwnCluster && scenario.weights[$0] ?? 0 > 0 }
            for form in foreign { scenario.weights[form] = 0 }
            leftOut.append(
                "what only a cluster of chaos' own may suffer: " + foreign.map(\.rawValue).joined(separator: ", "))
            return (cluster, false)
        case .own(let programs):
            let misbehaves = OwnCluster.hasMisbehaver(programs)
            if !misbehaves {
                scenario.stores.removeAll { $0 == .probes }
                leftOut.append("what a misbehaving process does: \(programs)/trial-misbehaver is not there")
            }
            say("starting a cluster")
            // Its clients and its processes, which inherit it; without the right nothing changes.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -10)
            let cluster = try OwnCluster.start(
                programs: programs, projects: scenario.projects, users: OwnCluster.users,
                misbehaves: misbehaves && scenario.stores.contains(.probes))
            return (cluster, true)
        }
    }

    /// Only beside a cluster of chaos' own: on a machine that serves others nothing is started.
    private func peer(_ scenario: Scenario) throws -> Peer? {
        guard case .own(let programs) = place else {
            leftOut.append("the undisturbed peer: what the machine does itself counts against the cluster")
            return nil
        }
        say("starting its undisturbed peer")
        return try Peer(programs: programs, scenario)
    }

    private static var curves: [String: RestartCurve] {
        let engine = RestartCurve(OwnCluster.policy)
        return [
            "bundoc": engine, "bunder": engine, "front": engine, "platform": engine,
            Store.misbehaver: RestartCurve(OwnCluster.misbehaverPolicy),
        ]
    }

    /// Mounted before its project's first process opens anything in it.
    private func smallDisk(_ cluster: TrialCluster, _ projects: [TrialCluster.Project]) -> SmallDisk? {
        guard let project = projects.first else { return nil }
        let path = cluster.home + "/data/projects/" + project.id
        try? FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return SmallDisk(at: path, bytes: 96 << 20)
    }

    /// Everything has been awake once: what the first time opens stays open.
    private func warmUp(
        _ cluster: TrialCluster, _ projects: [TrialCluster.Project], _ scenario: Scenario
    ) throws {
        say("waking every project once")
        let kinds = Set(scenario.stores.map(\.kind)).sorted()
        let failed = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: projects.count) { place in
            for kind in kinds {
                let isStarted = Victim(cluster, projects[place], kind).command("start", patience: .seconds(60))
                if !isStarted { failed.withLock { $0.append("\(projects[place].slug)/\(kind)") } }
            }
        }
        let names = failed.withLock { $0.sorted() }
        guard names.isEmpty else { throw TrialCluster.Failure("these do not start: \(names)") }
    }

    /// Everything has also ended once: an adopted process is held otherwise than a child.
    private func restingCensus(_ cluster: TrialCluster) throws -> Census {
        for service in ["front", "platform"] {
            let old = try cluster.pid(service: service)
            if let old { kill(old, SIGKILL) }
            try cluster.wait(for: "a new \(service)") {
                let now = try cluster.pid(service: service)
                return try now != nil && now != old && cluster.status()["state"]?.string == "ready"
            }
        }
        try rest(cluster)
        return try cluster.restingCensus()
    }

    /// Waits until every instance sleeps.
    private func rest(_ cluster: TrialCluster) throws {
        try cluster.wait(for: "all to sleep", patience: .seconds(60)) {
            try cluster.status()["instances"]?.array?.allSatisfy { $0["observed"]?.string == "asleep" } ?? false
        }
    }

    /// What differs, empty when nothing does.
    private func compare(_ cluster: TrialCluster, _ before: Census) throws -> String {
        do { try rest(cluster) } catch { return "not everything falls asleep: \(error)" }
        return try cluster.census(like: before).differences(to: before)
    }

    private func keepLogs(of cluster: TrialCluster) {
        guard let directory else { return }
        let files = FileManager.default
        try? files.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try? files.removeItem(atPath: directory + "/logs")
        try? files.copyItem(atPath: cluster.home + "/logs", toPath: directory + "/logs")
    }

    private func remove(_ projects: [TrialCluster.Project], _ cluster: TrialCluster) {
        say("deleting the projects")
        for project in projects {
            _ = try? exchange(cluster.platform, "DELETE", "/projects/\(project.id)", patience: .seconds(90))
        }
    }

    // MARK: The verdict

    private func report(
        _ scenario: Scenario, _ projects: [TrialCluster.Project],
        _ histories: (disturbed: History, undisturbed: History), _ inflicted: [Inflicted],
        _ watched: (violations: [Violation], checks: [Invariant: Int]), began: String, lasted: Duration,
        last: Duration, census: String?
    ) -> RunReport {
        let places = Dictionary(uniqueKeysWithValues: projects.enumerated().map { ($1.id, $0) })
        let history = histories.disturbed
        let level = ServiceLevel(history, inflicted, scenario, places: places, peer: histories.undisturbed)
        let recovery = Recovery(history, after: last, scenario, places: places)
        var checks = watched.checks
        for invariant in [Invariant.noLostWrite, .noStaleRead, .noInvention, .noForeignAnswer, .noDuplicate] {
            checks[invariant] = history.entries.count
        }
        checks[.outsideSucceeds] = history.entries.count - level.explained
        checks[.outsideIsQuick] = scenario.stores.count {
            min(level.quiet[$0]?.requests ?? 0, level.outside[$0]?.requests ?? 0) >= ServiceLevel.samplesMin
        }
        checks[.heals] = recovery.checked
        var violations = watched.violations + level.violations + recovery.violations
        violations += HistoryChecker.violations(in: history).map { Violation($0.invariant, $0.description) }
        if let census {
            checks[.census] = 1
            if !census.isEmpty { violations.append(Violation(.census, census)) }
        }
        return RunReport(
            scenario: scenario, seed: seed, command: command, began: began, machine: Self.machine,
            projects: projects.map(\.slug), lasted: lasted, inflicted: inflicted, history: history, level: level,
            timeline: Timeline(history, lasting: lasted, places: places), violations: violations, checks: checks,
            leftOut: leftOut)
    }

    private static var machine: String {
        var names = utsname()
        uname(&names)
        let release = withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return "\(ProcessInfo.processInfo.activeProcessorCount) cores, Linux \(release)"
    }
}
