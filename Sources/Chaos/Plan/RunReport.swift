import JSON
import Nouns

/// What came of a run: for the terminal, as JSON, and as a page (`RunReport+Page`).
package struct RunReport: Sendable {
    package var scenario: Scenario
    package var seed: UInt64
    /// How to do the same again.
    package var command: String
    /// RFC 3339.
    package var began: String
    /// A word on the machine: cores, kernel.
    package var machine: String
    /// Slugs, by place.
    package var projects: [String]
    package var lasted: Duration
    package var inflicted: [Inflicted]
    package var requests: Int
    package var failures: Int
    package var explained: Int
    package var quiet: [Store: ServiceLevel.Figures]
    package var outside: [Store: ServiceLevel.Figures]
    /// By how much the undisturbed peer became slower meanwhile.
    package var machineDelay: [Store: Duration]
    /// For how long the machine was calm enough to judge by.
    package var judgedSeconds: Int
    package var timeline: Timeline
    package var violations: [Violation]
    /// How often each invariant was looked at; one that was not held against anything says so.
    package var checks: [Invariant: Int]
    /// What was left out, and why.
    package var leftOut: [String]

    package init(
        scenario: Scenario, seed: UInt64, command: String, began: String, machine: String, projects: [String],
        lasted: Duration, inflicted: [Inflicted], history: History, level: ServiceLevel, timeline: Timeline,
        violations: [Violation], checks: [Invariant: Int], leftOut: [String]
    ) {
        (self.scenario, self.seed, self.command, self.began) = (scenario, seed, command, began)
        (self.machine, self.projects, self.lasted, self.inflicted) = (machine, projects, lasted, inflicted)
        (requests, failures, explained) = (history.entries.count, history.failures, level.explained)
        (quiet, outside, self.timeline) = (level.quiet, level.outside, timeline)
        judgedSeconds = level.judgedSeconds
        machineDelay = Dictionary(uniqueKeysWithValues: scenario.stores.map { ($0, level.machineDelay($0)) })
        (self.violations, self.checks, self.leftOut) = (violations, checks, leftOut)
    }

    /// Whether every invariant held. One that nothing was held against does not make a run good: see `emptyChecks`.
    package var isHeld: Bool { violations.isEmpty }

    /// Invariants that this run says nothing about.
    package var emptyChecks: [Invariant] { Invariant.allCases.filter { (checks[$0] ?? 0) == 0 } }

    // MARK: Terminal

    /// Lines of each broken invariant that are shown.
    private static let linesMax = 8

    package var text: String {
        var lines = [
            "chaos \(scenario.name), seed \(seed), \(projects.count) projects, \(lasted.inSeconds)",
            "  disturbances: \(inflicted.count { $0.wasDone }) of \(done.count) forms"
                + (inflicted.allSatisfy(\.wasDone)
                    ? "" : "; \(inflicted.count { !$0.wasDone }) found nothing to disturb"),
            "  requests: \(requests); failed where that is published: \(explained), elsewhere: \(failures - explained)",
        ]
        for store in scenario.stores {
            guard let quiet = quiet[store], let outside = outside[store] else { continue }
            lines.append(
                "  \(store.rawValue): 99 % within \(quiet.p99.inMilliseconds) in quiet, "
                    + "\(outside.p99.inMilliseconds) outside the blast radius, the machine's share "
                    + (machineDelay[store] ?? .zero).inMilliseconds)
        }
        lines.append("  the machine was calm enough to judge that by for \(judgedSeconds) s")
        for line in leftOut { lines.append("  left out: \(line)") }
        for invariant in Invariant.allCases {
            let broken = violations.filter { $0.invariant == invariant }
            let count = checks[invariant] ?? 0
            let mark = broken.isEmpty ? (count == 0 ? "-" : "✓") : "✗"
            lines.append("\(mark) \(invariant.rawValue)" + (count == 0 ? " (not looked at)" : " (\(count))"))
            for violation in broken.prefix(Self.linesMax) {
                lines.append("    " + (violation.at.map { "\($0.inSeconds): " } ?? "") + violation.text)
            }
            if broken.count > Self.linesMax { lines.append("    and \(broken.count - Self.linesMax) more") }
        }
        lines.append(isHeld ? "Every invariant held." : "FAILED. Again with: \(command)")
        return lines.joined(separator: "\n") + "\n"
    }

    private var done: Set<Disturbance.Form> { Set(inflicted.filter(\.wasDone).map(\.disturbance.form)) }

    // MARK: JSON

    package var json: [UInt8] {
        var writer = JSONWriter(capacity: 1 << 20)
        writer.object {
            $0.member("version", 1)
            $0.member("held", isHeld)
            $0.member("scenario", scenario.name)
            $0.member("about", scenario.about)
            $0.member("seed", String(seed))
            $0.member("command", command)
            $0.member("began", began)
            $0.member("machine", machine)
            $0.member("seconds", lasted.seconds)
            $0.member("quiet_seconds", scenario.quiet.seconds)
            $0.member("requests", requests)
            $0.member("failures", failures)
            $0.member("explained", explained)
            $0.member("calm_seconds", judgedSeconds)
            $0.member("invariants") { writeInvariants(&$0) }
            $0.member("latency") { writeLatency(&$0) }
            $0.member("disturbances") { writer in writer.array { for done in inflicted { write(done, &$0) } } }
            $0.member("left_out") { writer in writer.array { for line in leftOut { $0.value(line) } } }
            $0.member("timeline") { writeTimeline(&$0) }
        }
        return writer.bytes
    }

    private func writeInvariants(_ writer: inout JSONWriter) {
        writer.array {
            for invariant in Invariant.allCases {
                let broken = violations.filter { $0.invariant == invariant }
                $0.object {
                    $0.member("invariant", invariant.rawValue)
                    $0.member("checked", checks[invariant] ?? 0)
                    $0.member("held", broken.isEmpty)
                    $0.member("violations") { writer in
                        writer.array {
                            for violation in broken.prefix(1000) {
                                $0.object {
                                    $0.member("text", violation.text)
                                    if let at = violation.at { $0.member("at", at.seconds) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    private func writeLatency(_ writer: inout JSONWriter) {
        writer.array {
            for store in scenario.stores {
                guard let quiet = quiet[store], let outside = outside[store] else { continue }
                $0.object {
                    $0.member("store", store.rawValue)
                    $0.member("quiet_requests", quiet.requests)
                    $0.member("quiet_p50_ms", quiet.median.seconds * 1000)
                    $0.member("quiet_p99_ms", quiet.p99.seconds * 1000)
                    $0.member("outside_requests", outside.requests)
                    $0.member("outside_p50_ms", outside.median.seconds * 1000)
                    $0.member("outside_p99_ms", outside.p99.seconds * 1000)
                    $0.member("machine_ms", (machineDelay[store] ?? .zero).seconds * 1000)
                }
            }
        }
    }

    private func write(_ done: Inflicted, _ writer: inout JSONWriter) {
        let form = done.disturbance.form
        writer.object {
            $0.member("form", form.rawValue)
            $0.member("words", form.words)
            switch done.disturbance.target {
            case .instance(let project, let kind):
                $0.member("project", project)
                $0.member("kind", kind)
            case .project(let project): $0.member("project", project)
            case .cluster: break
            }
            $0.member("at", done.began.seconds)
            $0.member("until", done.ended.seconds)
            $0.member("heals", form.radius.heals.seconds)
            $0.member("done", done.wasDone)
            $0.member("note", done.note)
        }
    }

    private func writeTimeline(_ writer: inout JSONWriter) {
        writer.object {
            $0.member("width", timeline.width.seconds)
            $0.member("whole") { Self.write(timeline.whole, &$0) }
            $0.member("projects") { writer in
                writer.array {
                    for (place, buckets) in timeline.projects.enumerated() {
                        $0.object {
                            $0.member("name", projects[place])
                            $0.member("buckets") { Self.write(buckets, &$0) }
                        }
                    }
                }
            }
        }
    }

    /// Each as `[requests, failures, slowest in milliseconds]`.
    private static func write(_ buckets: [Timeline.Bucket], _ writer: inout JSONWriter) {
        writer.array {
            for bucket in buckets {
                $0.array {
                    $0.value(bucket.requests)
                    $0.value(bucket.failures)
                    $0.value(Double(Int(bucket.slowest.seconds * 10_000)) / 10)
                }
            }
        }
    }
}

extension Duration {
    package var seconds: Double { self / .seconds(1) }

    /// `12.3 s`.
    package var inSeconds: String {
        let tenths = Int64((seconds * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10)) s"
    }
}
