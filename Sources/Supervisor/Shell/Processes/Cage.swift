import Config
import Contracts
import Glibc
import JSON
import Linux
import Nouns

/// Where processes are kept in: by control groups where there are some, else by sessions, their environment and
/// resource limits.
///
/// Says which limits hold, so that one that cannot be enforced is seen instead of believed.
final class Cage {
    let tree: CgroupTree
    private let home: Home
    private let log: ServerLog
    private var signals: Signals?
    /// Of the processes that somebody answers for.
    private var pids: Set<Int32> = []

    /// With `reapsOrphans` what loses its parent below this process becomes its child, and is waited for here.
    ///
    /// `delegated`: the control group below which processes are to live, where a service manager made one; without it,
    /// or when it is not there, a place is looked for.
    init(
        home: Home, reapsOrphans: Bool, delegated: String? = nil, log: ServerLog, on loop: EventLoop
    ) throws(SystemError) {
        (self.home, self.log) = (home, log)
        let name = "bunbase-\(String(Self.fingerprint(home.directory), radix: 16))"
        let delegated = delegated.flatMap { CgroupLayout.delegated($0) }
        tree = CgroupTree(name: name, layout: delegated ?? .current())
        guard reapsOrphans else { return }
        try Orphans.adopt()
        signals = try Signals([SIGCHLD], on: loop) { [unowned self] _ in _ = Orphans.reap { pids.contains($0) } }
    }

    /// FNV-1a, 64 bits: clusters of several homes share a machine.
    private static func fingerprint(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    // MARK: Processes

    /// What a process is born in.
    struct Cell {
        var leaf: CgroupLeaf?
        var entry: CgroupEntry?
        var limits: [ResourceLimit]
    }

    /// Prepares for a process. A control group that cannot be made, or a limit that it refuses, does not keep the
    /// process from being started: it is logged, and resource limits stand in.
    func open(_ kind: Kind, _ incarnation: Incarnation, _ limits: ProgramSettings.Limits) -> Cell {
        var cell = Cell(limits: [ResourceLimit(.core, 0)])
        if let files = limits.files { cell.limits.append(ResourceLimit(.descriptors, UInt64(files))) }
        if let size = limits.fileSize { cell.limits.append(ResourceLimit(.fileSize, UInt64(size))) }
        cell.limits += tree.substitutes(for: limits.group)
        do throws(SystemError) {
            cell.leaf = try tree.makeLeaf("\(kind)-\(incarnation)", limits: limits.group)
            cell.entry = try cell.leaf?.entry()
        } catch {
            log.write(.error, "control group not made") { $0.member("reason", error.description) }
            (cell.leaf, cell.entry) = (nil, nil)
            if let memory = limits.memory { cell.limits.append(ResourceLimit(.data, UInt64(memory))) }
        }
        return cell
    }

    /// What holds a process that was started.
    func containment(of process: ChildProcess, _ leaf: CgroupLeaf?, _ incarnation: Incarnation) -> Containment {
        pids.insert(process.pid)
        let marker = Containment.Marker(ChildEnvironment.notifySocket, home.run.notify(incarnation))
        return Containment(of: process.id, leaf: leaf, marker: marker)
    }

    /// What holds a process of an earlier life: its control group where it is still in it, for this life may stand
    /// elsewhere in the hierarchy.
    func containment(adopting process: ChildProcess, _ leaf: String?, _ incarnation: Incarnation) -> Containment {
        let found = leaf.flatMap { tree.leaf($0) }
        return containment(of: process, found.flatMap { $0.isHome(of: process.id) ? $0 : nil }, incarnation)
    }

    /// Nobody answers for it any more.
    func end(_ process: ChildProcess) { pids.remove(process.pid) }

    /// Processes in control groups of ours that belong to no process that goes on.
    func strangers(except leaves: Set<String>) -> [Int32] {
        tree.leafNames.filter { !leaves.contains($0) }.flatMap { tree.leaf($0)?.processes ?? [] }
    }

    // MARK: Telling

    /// Which limits hold, and by what.
    var isolation: Isolation {
        let report = tree.enforcement(of: GroupLimits(memory: 1, processes: 1, cpuPercent: 1))
        let mode =
            switch tree.mode {
            case .unified: "v2"
            case .hybrid: "hybrid"
            case .none: "none"
            }
        return Isolation(
            cgroups: mode, grouping: report.grouping,
            limits: [
                .init("memory", report.memory), .init("pids", report.processes), .init("cpu_percent", report.cpu),
                .init("files", by: "RLIMIT_NOFILE", note: "for each process by itself"),
                .init("file_size", by: "RLIMIT_FSIZE", note: "for each file by itself"),
                .init("core", by: "RLIMIT_CORE", note: "no core dumps"),
            ])
    }
}

extension Isolation.Limit {
    fileprivate init(_ name: String, _ enforcement: Enforcement) {
        switch enforcement {
        case .unlimited: self.init(name, by: nil, note: "no limit")
        case .cgroup: self.init(name, by: "control group")
        case .rlimit(let what): self.init(name, by: "resource limit", note: "stands in for it: \(what)")
        case .none(let reason): self.init(name, by: nil, note: reason)
        }
    }
}

extension ProgramSettings.Limits {
    var group: GroupLimits {
        GroupLimits(memory: memory.map { UInt64($0) }, processes: pids, cpuPercent: cpuPercent)
    }
}

extension Containment {
    /// Whether a process belongs here; nothing is known of one that has ended, but that it was the leader.
    func holds(_ pid: Int32) -> Bool {
        pid == leader.pid || (leaf?.processes.contains(pid) ?? members.contains(pid))
    }

    /// What the kernel knows of an end beyond the exit itself.
    var note: String? { leaf.map { $0.memoryKills > 0 } ?? false ? "out of memory" : nil }

    func usage(at now: Instant) -> Usage? {
        let group = leaf?.usage
        let status = group?.cpu == nil ? ProcessTable.status(of: leader.pid) : nil
        let cpu = group?.cpu ?? status?.cpu
        let memory = group?.memory.map { Int($0) } ?? ProcessTable.residentMemory(of: leader.pid)
        guard let cpu, let memory else { return nil }
        return Usage(memoryBytes: memory, cpuSeconds: Double(cpu.nanoseconds) / 1e9, observedAt: now)
    }
}
