import Contracts
import Nouns
import Supervision

/// Counts for `/metrics`, in Prometheus's text form (version 0.0.4).
package struct Metrics {
    /// Upper bounds, in seconds, of the buckets for starts.
    static let startBounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private var reports: [Report.Phrase: [Kind: Int]] = [:]
    private var spawns: [Kind: Int] = [:]
    private var spawnFailures: [Kind: Int] = [:]
    private var kills: [KillReason: Int] = [:]
    private var grants = 0
    private var refusals: [String: Int] = [:]
    private var revocations = 0
    private var starts = [Int](repeating: 0, count: startBounds.count + 1)
    private var startSeconds = 0.0
    private var outputLines = 0
    private var outputDropped = 0
    private var noticesRefused = 0

    package init() {}

    /// Counts what the supervisor asked for.
    package mutating func count(_ action: Action) {
        switch action {
        case .spawn(_, let kind): spawns[kind, default: 0] += 1
        case .kill(_, let reason): kills[reason, default: 0] += 1
        case .grant: grants += 1
        case .refuse(_, let fault): refusals[fault.code, default: 0] += 1
        case .revoke: revocations += 1
        case .report(let report):
            guard let kind = report.instance?.kind else { break }
            reports[report.phrase, default: [:]][kind, default: 0] += 1
        default: break
        }
    }

    package mutating func countSpawnFailure(_ kind: Kind) { spawnFailures[kind, default: 0] += 1 }

    /// A process said that it is ready, so long after it was started.
    package mutating func countStart(_ duration: Duration) {
        let seconds = Double(duration.nanoseconds) / 1e9
        starts[Self.startBounds.firstIndex { seconds <= $0 } ?? Self.startBounds.count] += 1
        startSeconds += seconds
    }

    package mutating func countOutput(lines: Int, dropped: Int) {
        outputLines += lines
        outputDropped += dropped
    }

    package mutating func countRefusedNotice() { noticesRefused += 1 }

    /// What holds at the moment it is asked for.
    package struct Gauges {
        package var ports: PortsView
        package var instances: [InstanceView]
        package var projects: Int
        package var warm: Int
        package var fronts: Int
        package var uptime: Duration
        package var journalBytes: Int
        package var logLinesLost: Int
        package var isReady: Bool

        package init(
            ports: PortsView, instances: [InstanceView], projects: Int, warm: Int, fronts: Int, uptime: Duration,
            journalBytes: Int, logLinesLost: Int, isReady: Bool
        ) {
            (self.ports, self.instances, self.projects, self.warm) = (ports, instances, projects, warm)
            (self.fronts, self.uptime, self.journalBytes) = (fronts, uptime, journalBytes)
            (self.logLinesLost, self.isReady) = (logLinesLost, isReady)
        }
    }

    package func text(_ gauges: Gauges) -> String {
        var page = MetricsPage(prefix: "bunbase_supervisor_")
        write(gauges, to: &page)
        page.family("reports_total", .counter, "Things that happened to instances, by phrase and kind.")
        for phrase in Report.Phrase.allCases {
            for (kind, count) in (reports[phrase] ?? [:]).sorted(by: { $0.key < $1.key }) {
                page.sample("reports_total", count, ["phrase": phrase.rawValue, "kind": kind.text])
            }
        }
        page.family("spawns_total", .counter, "Processes started, by kind.")
        for (kind, count) in spawns.sorted(by: { $0.key < $1.key }) {
            page.sample("spawns_total", count, ["kind": kind.text])
        }
        page.family("spawn_failures_total", .counter, "Processes that could not be started at all, by kind.")
        for (kind, count) in spawnFailures.sorted(by: { $0.key < $1.key }) {
            page.sample("spawn_failures_total", count, ["kind": kind.text])
        }
        page.family("kills_total", .counter, "Processes killed by the supervisor, by reason.")
        for (reason, count) in kills.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            page.sample("kills_total", count, ["reason": reason.rawValue])
        }
        page.family("leases_refused_total", .counter, "Leases refused to fronts, by code.")
        for (code, count) in refusals.sorted(by: { $0.key < $1.key }) {
            page.sample("leases_refused_total", count, ["code": code])
        }
        page.single("leases_granted_total", .counter, "Leases granted to fronts.", grants)
        page.single("leases_revoked_total", .counter, "Leases taken back from fronts.", revocations)
        page.single("output_lines_total", .counter, "Lines that processes printed.", outputLines)
        page.single(
            "output_lines_dropped_total", .counter, "Lines that processes printed beyond their budget.", outputDropped)
        page.single(
            "notices_refused_total", .counter, "Notifications that came from a foreign process.", noticesRefused)
        page.family("start_seconds", .histogram, "From the start of a process to its readiness.")
        page.histogram("start_seconds", bounds: Self.startBounds, counts: starts, sum: startSeconds)
        return page.text
    }

    private func write(_ gauges: Gauges, to page: inout MetricsPage) {
        page.single("up", .gauge, "The supervisor answers.", 1)
        page.single("ready", .gauge, "Whether all shared services serve.", gauges.isReady ? 1 : 0)
        page.single(
            "uptime_seconds", .gauge, "Since the supervisor was started.", Int(gauges.uptime.components.seconds))
        page.family("instances", .gauge, "Instances by kind and observed state.")
        var states: [Kind: [InstanceView.Observed: Int]] = [:]
        for view in gauges.instances { states[view.instance.kind, default: [:]][view.observed, default: 0] += 1 }
        for (kind, counts) in states.sorted(by: { $0.key < $1.key }) {
            for state in InstanceView.Observed.allCases {
                page.sample("instances", counts[state] ?? 0, ["kind": kind.text, "state": state.rawValue])
            }
        }
        page.single("projects", .gauge, "Projects known.", gauges.projects)
        page.single("warm_processes", .gauge, "Blank processes ready to take a project over.", gauges.warm)
        page.single("fronts", .gauge, "Fronts connected.", gauges.fronts)
        page.single("leases", .gauge, "Leases held by fronts.", gauges.instances.reduce(0) { $0 + $1.leases })
        page.single(
            "waiters", .gauge, "Requests that wait for an instance.", gauges.instances.reduce(0) { $0 + $1.waiters })
        page.family("ports", .gauge, "Ports of the pool by state.")
        page.sample("ports", gauges.ports.held, ["state": "held"])
        page.sample("ports", gauges.ports.free, ["state": "free"])
        page.sample("ports", gauges.ports.taken.count, ["state": "taken"])
        page.single("journal_bytes", .gauge, "Size of the journal.", gauges.journalBytes)
        page.single("log_lines_lost_total", .counter, "Log records that could not be written.", gauges.logLinesLost)
    }
}
