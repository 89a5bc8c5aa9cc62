import Config
import Contracts
import Glibc
import JSON
import Linux
import Nouns
import Supervision

extension Daemon {
    /// How long what was seen of a process's memory and processor time is told again instead of looked up.
    static let usageAge = Duration.milliseconds(250)

    func status(of view: InstanceView, at now: Instant) -> InstanceStatus {
        guard let child = view.incarnation.flatMap({ children[$0] }) else {
            return InstanceStatus(view: view, pid: nil, usage: nil, text: nil, isOutdated: false)
        }
        if child.usage.map({ now - $0.observedAt >= Self.usageAge }) ?? true {
            child.usage = child.containment.usage(at: now)
        }
        var status = InstanceStatus(
            view: view, pid: child.process.pid, usage: child.usage, text: child.statusText,
            isOutdated: children.isOutdated(child))
        status.user = child.user
        return status
    }

    func statusJSON() -> [UInt8] {
        let now = EventLoop.clock()
        var services: [InstanceStatus] = []
        var instances: [InstanceStatus] = []
        for view in supervisor.instances {
            let status = status(of: view, at: now)
            if view.instance.project.isShared { services.append(status) } else { instances.append(status) }
        }
        let status = ClusterStatus(
            state: state, since: startedAt, node: cluster.node, version: Version.text, pid: getpid(),
            ports: supervisor.ports, projects: supervisor.projects.count, warm: supervisor.warmCount,
            fronts: fronts.count, isOutdated: isOutdated, outdatedWarm: children.outdatedBlanks, services: services,
            instances: instances, isolation: isolation,
            configuration: configuration,
            journal: JournalStatus(
                bytes: journal.size, failure: journal.failure?.description, damagedLines: journal.damagedLines),
            observedAt: now)
        return status.json()
    }

    /// Whether this process runs another program than the one that is at its path now.
    private var isOutdated: Bool {
        guard let present = ProgramIdentity(ofFile: program.path) else { return false }
        return program.identity.map { $0 != present } ?? false
    }

    func metricsText() -> String {
        metrics.text(
            Metrics.Gauges(
                ports: supervisor.ports, instances: supervisor.instances, projects: supervisor.projects.count,
                warm: supervisor.warmCount, fronts: fronts.count, uptime: EventLoop.clock() - startedAt,
                journalBytes: journal.size, logLinesLost: log.lost, isReady: isReady))
    }

    /// What holds processes in and apart, and what does not.
    private var isolation: Isolation {
        var isolation = cage.isolation
        isolation.walls = sandbox.report(cluster.programs)
        return isolation
    }

    /// The limits that hold, from the cluster file, and what enforces them.
    func limitsJSON() -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("isolation") { isolation.write(to: &$0) }
            $0.member("supervisor") {
                $0.object {
                    $0.member("starts_max", cluster.supervision.startsMax)
                    $0.member("waiters_per_instance_max", cluster.supervision.waitersPerInstanceMax)
                    $0.member("projects_max", cluster.supervision.projectsMax)
                    $0.member("ports", cluster.supervision.ports.count)
                    $0.member("fronts_max", Fronts.connectionsMax)
                    $0.member("event_readers_max", EventStreams.readersMax)
                    $0.member("output_line_bytes_max", LineSplitter.lineMax)
                    $0.member("output_lines_per_second_max", LineBudget.rate)
                }
            }
            $0.member("front") {
                $0.object {
                    $0.member("connections_max", cluster.front.connectionsMax)
                    $0.member("head_bytes_max", cluster.front.headMax)
                    $0.member("fields_max", cluster.front.fieldsMax)
                    $0.member("memory_bytes_max", cluster.front.memoryMax)
                    $0.member("project") { projectLimits(&$0) }
                    $0.member("wait_ms_max", cluster.front.waitMax.millisecondsRoundedUp)
                    $0.member("head_timeout_ms", cluster.front.headTimeout.millisecondsRoundedUp)
                    $0.member("body_timeout_ms", cluster.front.bodyTimeout.millisecondsRoundedUp)
                }
            }
            $0.member("kinds") { kinds(&$0) }
        }
        return writer.bytes
    }

    /// Of each project that has no others; in the platform's units.
    private func projectLimits(_ writer: inout JSONWriter) {
        writer.object { object in
            for key in ProjectLimits.Key.allCases { object.member(key.rawValue, cluster.front.project[key]) }
        }
    }

    private func kinds(_ writer: inout JSONWriter) {
        writer.object {
            for (kind, program) in cluster.programs.sorted(by: { $0.key < $1.key }) {
                $0.member(kind.text) {
                    $0.object {
                        $0.member("memory_bytes", optional: program.limits.memory)
                        $0.member("cpu_percent", optional: program.limits.cpuPercent)
                        $0.member("pids", optional: program.limits.pids)
                        $0.member("files", optional: program.limits.files)
                        $0.member("file_size_bytes", optional: program.limits.fileSize)
                    }
                }
            }
        }
    }
}
