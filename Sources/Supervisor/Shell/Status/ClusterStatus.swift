import JSON
import Nouns
import Supervision

/// The whole truth about a cluster at one moment: what `GET /status` answers.
package struct ClusterStatus {
    package enum State: String, Sendable {
        /// Not all shared services have served yet.
        case starting
        /// All shared services serve.
        case ready
        /// A shared service that served does not.
        case degraded
        /// Everything is being shut down.
        case stopping
    }

    package var state: State
    package var since: Instant
    package var node: String
    package var version: String
    package var pid: Int32
    package var ports: PortsView
    package var projects: Int
    package var warm: Int
    package var fronts: Int
    /// The supervisor runs another program than would be started now.
    package var isOutdated: Bool
    /// Warm processes that do.
    package var outdatedWarm: Int
    package var services: [InstanceStatus]
    package var instances: [InstanceStatus]
    package var isolation: Isolation
    package var configuration: ConfigurationStatus
    package var journal: JournalStatus
    package var observedAt: Instant

    package init(
        state: State, since: Instant, node: String, version: String, pid: Int32, ports: PortsView, projects: Int,
        warm: Int, fronts: Int, isOutdated: Bool = false, outdatedWarm: Int = 0, services: [InstanceStatus],
        instances: [InstanceStatus], isolation: Isolation,
        configuration: ConfigurationStatus, journal: JournalStatus, observedAt: Instant
    ) {
        (self.state, self.since, self.node, self.version, self.pid) = (state, since, node, version, pid)
        (self.ports, self.projects, self.warm, self.fronts) = (ports, projects, warm, fronts)
        (self.isOutdated, self.outdatedWarm) = (isOutdated, outdatedWarm)
        (self.services, self.instances, self.isolation) = (services, instances, isolation)
        (self.configuration, self.journal, self.observedAt) = (configuration, journal, observedAt)
    }

    package func json() -> [UInt8] {
        let clock = WallClock()
        var writer = JSONWriter(capacity: 2_048 + 512 * (services.count + instances.count))
        writer.object {
            $0.member("state", state.rawValue)
            $0.member("since", clock.text(since))
            $0.member("node", node)
            $0.member("version", version)
            $0.member("pid", pid)
            $0.member("outdated", isOutdated)
            $0.member("observed_at", clock.text(observedAt))
            $0.member("ports") { ports.write(to: &$0) }
            $0.member("projects", projects)
            $0.member("warm_processes", warm)
            $0.member("warm_processes_outdated", outdatedWarm)
            $0.member("fronts", fronts)
            $0.member("isolation") { isolation.write(to: &$0) }
            $0.member("configuration") { configuration.write(to: &$0, clock) }
            $0.member("journal") { journal.write(to: &$0) }
            $0.member("services") { $0.array { for each in services { each.write(to: &$0, clock, at: observedAt) } } }
            $0.member("instances") {
                $0.array { for each in instances { each.write(to: &$0, clock, at: observedAt) } }
            }
        }
        return writer.bytes
    }
}

/// Which limits hold, and by what.
package struct Isolation: Hashable, Sendable {
    package struct Limit: Hashable, Sendable {
        package var name: String
        /// `memory.max`, `RLIMIT_NOFILE`; nil: the limit cannot be enforced here.
        package var enforcedBy: String?
        /// Why not, or what it does not cover; what to do about it.
        package var note: String?

        package init(_ name: String, by enforcedBy: String?, note: String? = nil) {
            (self.name, self.enforcedBy, self.note) = (name, enforcedBy, note)
        }
    }

    /// Something that stands between two projects.
    package struct Wall: Hashable, Sendable {
        package var name: String
        /// What it is made of; nil: it does not stand here.
        package var enforcedBy: String?
        /// Why not, or for whom not.
        package var note: String?

        package init(_ name: String, by enforcedBy: String?, note: String?) {
            (self.name, self.enforcedBy, self.note) = (name, enforcedBy, note)
        }
    }

    /// `v2`, `hybrid` or `none`.
    package var cgroups: String
    /// How everything a process started is found when it ends.
    package var grouping: String
    package var limits: [Limit]
    package var walls: [Wall] = []

    package init(cgroups: String, grouping: String, limits: [Limit]) {
        (self.cgroups, self.grouping, self.limits) = (cgroups, grouping, limits)
    }

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("cgroups", cgroups)
            $0.member("grouping", grouping)
            $0.member("walls") {
                $0.array {
                    for wall in walls {
                        $0.object {
                            $0.member("wall", wall.name)
                            $0.member("enforced", wall.enforcedBy != nil)
                            $0.member("by", optional: wall.enforcedBy)
                            $0.member("note", optional: wall.note)
                        }
                    }
                }
            }
            $0.member("limits") {
                $0.array {
                    for limit in limits {
                        $0.object {
                            $0.member("limit", limit.name)
                            $0.member("enforced", limit.enforcedBy != nil)
                            $0.member("by", optional: limit.enforcedBy)
                            $0.member("note", optional: limit.note)
                        }
                    }
                }
            }
        }
    }
}

/// The cluster file that holds, and what became of the last try to read it again.
package struct ConfigurationStatus: Hashable, Sendable {
    package var path: String
    package var loadedAt: Instant
    /// One line for each problem of a file that was refused; nil when the last reading was taken over.
    package var error: String?
    package var failedAt: Instant?
    /// Keys that changed in the file but hold from the next start only.
    package var needsRestart: [String] = []

    package init(path: String, loadedAt: Instant) { (self.path, self.loadedAt) = (path, loadedAt) }

    func write(to writer: inout JSONWriter, _ clock: WallClock) {
        writer.object {
            $0.member("path", path)
            $0.member("loaded_at", clock.text(loadedAt))
            $0.member("error", optional: error)
            $0.member("failed_at", optional: failedAt.map { clock.text($0) })
            $0.member("needs_restart") { $0.array { for key in needsRestart { $0.value(key) } } }
        }
    }
}

package struct JournalStatus: Hashable, Sendable {
    package var bytes: Int
    /// Why what happens now would not be known after a restart.
    package var failure: String?
    /// Lines of the last life that could not be understood.
    package var damagedLines: Int

    package init(bytes: Int, failure: String?, damagedLines: Int) {
        (self.bytes, self.failure, self.damagedLines) = (bytes, failure, damagedLines)
    }

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("bytes", bytes)
            $0.member("failure", optional: failure)
            $0.member("damaged_lines", damagedLines)
        }
    }
}

extension PortsView {
    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("range", "\(range.lowerBound)-\(range.upperBound)")
            $0.member("first", range.lowerBound)
            $0.member("last", range.upperBound)
            $0.member("held", held)
            $0.member("free", free)
            $0.member("taken") { $0.array { for port in taken { $0.value(port) } } }
        }
    }
}
