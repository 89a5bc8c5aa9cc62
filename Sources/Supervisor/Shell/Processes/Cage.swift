import CLinux
import Config
import Glibc
import Linux
import Nouns

/// Where processes are kept in: by control groups where there are some, else by sessions and resource limits.
///
/// Says which limits hold, so that one that cannot be enforced is seen instead of believed.
final class Cage {
    private let reapsOrphans: Bool
    private var signals: Signals?
    /// Of the processes that somebody answers for.
    private(set) var pids: Set<Int32> = []

    /// With `reapsOrphans` what loses its parent below this process becomes its child, and is waited for here.
    init(home: Home, reapsOrphans: Bool, on loop: EventLoop) throws(SystemError) {
        self.reapsOrphans = reapsOrphans
        guard reapsOrphans else { return }
        try SystemError.check("prctl PR_SET_CHILD_SUBREAPER") { clinux_become_subreaper() }
        signals = try Signals([SIGCHLD], on: loop) { [unowned self] _ in reapOrphans() }
    }

    /// Prepares for a process: what keeps it in, where it is born, and what it is limited to.
    func open(
        _ kind: Kind, _ incarnation: Incarnation, _ limits: ProgramSettings.Limits
    ) throws(SystemError) -> (Containment, CgroupEntry?, [ResourceLimit]) {
        (Containment(leaf: nil, cage: self), nil, resourceLimits(limits))
    }

    func adopt(_ leaf: String?, _ process: ChildProcess) -> Containment {
        let containment = Containment(leaf: leaf, cage: self)
        containment.begin(process)
        return containment
    }

    /// Ends whatever lives in a control group of an earlier life.
    func clear(_ leaf: String?) {}

    /// Ends whatever lives in control groups of ours that belong to no process that goes on.
    func clear(except leaves: Set<String>) {}

    private func resourceLimits(_ limits: ProgramSettings.Limits) -> [ResourceLimit] {
        var list = [ResourceLimit(.core, 0)]
        if let files = limits.files { list.append(ResourceLimit(.descriptors, UInt64(files))) }
        if let size = limits.fileSize { list.append(ResourceLimit(.fileSize, UInt64(size))) }
        if let memory = limits.memory { list.append(ResourceLimit(.data, UInt64(memory))) }
        return list
    }

    var isolation: Isolation {
        Isolation(cgroups: "none", grouping: "session", limits: [])
    }

    // MARK: Orphans

    func begin(_ pid: Int32) { pids.insert(pid) }
    func end(_ pid: Int32) { pids.remove(pid) }

    /// What processes left behind and is now a child of this one; nil when that is not how orphans are found.
    func orphans() -> [Int32]? {
        guard reapsOrphans else { return nil }
        return ProcessTable.children(of: getpid()).filter { !pids.contains($0) }
    }

    private func reapOrphans() {
        for pid in orphans() ?? [] { _ = clinux_reap_child(pid) }
    }
}
