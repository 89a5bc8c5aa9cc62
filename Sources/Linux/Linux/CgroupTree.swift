import CLinux
import Glibc

/// The control groups below which all processes of a cluster live: a leaf for each.
///
/// Three worlds: the **unified** hierarchy with controllers (version 2, as systemd delegates it); **hybrid**, where
/// limits come from hierarchies of version 1 and the unified one groups and kills; and **none**, where this process may
/// make no groups. What there is is found out once, by trying.
package final class CgroupTree {
    package enum Mode: Hashable, Sendable {
        case unified(controllers: Set<Controller>)
        case hybrid(controllers: Set<Controller>)
        case none(reason: String)
    }

    package enum Controller: String, CaseIterable, Sendable {
        case memory, processes = "pids", cpu
    }

    package let mode: Mode
    /// The directory whose subdirectories are the leaves, in the unified hierarchy.
    let unified: String?
    /// The same in hierarchies of version 1, without repetitions.
    let legacy: [Controller: String]

    private var emptiness: EmptinessWatch?

    /// Finds or makes the tree of a name below this process's own groups. Never fails: at worst the mode is `none`.
    ///
    /// With version 2, a group that holds processes may not limit its subgroups: this process moves into a subgroup
    /// (`supervisor`) of its own group first when it is alone there or the group is delegated to it; else, as root, the
    /// tree is made at the root of the hierarchy.
    package init(name: String, layout: CgroupLayout = .current()) {
        precondition(!name.isEmpty && !name.contains("/") && name != "." && name != "..", "a plain name")
        let available = layout.unified.map { Self.controllers(in: "\($0)/cgroup.controllers") } ?? []
        if !available.isEmpty, let (base, enabled) = Self.makeUnified(name, layout) {
            mode = .unified(controllers: enabled)
            (unified, legacy) = (base, [:])
            return
        }
        let bases = Self.makeLegacy(name, layout)
        let grouping = layout.unified.flatMap { Self.make("\($0)/\(name)") }
        (unified, legacy) = (grouping, bases)
        if bases.isEmpty, grouping == nil {
            mode = .none(reason: Self.reasonForNone(layout))
        } else {
            mode = .hybrid(controllers: Set(bases.keys))
        }
    }

    /// The controllers whose limits hold.
    package var controllers: Set<Controller> {
        switch mode {
        case .unified(let controllers), .hybrid(let controllers): controllers
        case .none: []
        }
    }

    /// Who will hold a process to such limits.
    package func enforcement(of limits: GroupLimits) -> EnforcementReport {
        func enforcement(_ isLimited: Bool, _ controller: Controller, else other: Enforcement) -> Enforcement {
            !isLimited ? .unlimited : controllers.contains(controller) ? .cgroup : other
        }
        let reason =
            switch mode {
            case .none(let reason): reason
            default: "this machine offers no such controller to us"
            }
        let grouping =
            switch (mode, unified) {
            case (.none, _): "session and environment"
            case (_, nil): "control group, read until empty"
            default: "control group"
            }
        return EnforcementReport(
            memory: enforcement(
                limits.memory != nil, .memory, else: .rlimit("private memory of each process (RLIMIT_DATA)")),
            processes: enforcement(limits.processes != nil, .processes, else: .none(reason: reason)),
            cpu: enforcement(limits.cpuPercent != nil, .cpu, else: .none(reason: reason)), grouping: grouping)
    }

    /// The resource limits that stand in for what no control group enforces.
    package func substitutes(for limits: GroupLimits) -> [ResourceLimit] {
        guard let memory = limits.memory, !controllers.contains(.memory) else { return [] }
        return [ResourceLimit(.data, memory)]
    }

    /// Makes a leaf, limited. One of that name that is left over is used again. Nil in mode `none`.
    package func makeLeaf(_ name: String, limits: GroupLimits) throws(SystemError) -> CgroupLeaf? {
        guard let leaf = leaf(name) else { return nil }
        for directory in leaf.directories {
            guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { throw SystemError("mkdir", path: directory) }
        }
        do {
            try leaf.set(limits)
        } catch {
            leaf.removeIfEmpty()
            throw error
        }
        return leaf
    }

    /// A leaf that exists, of a process from a life before. Nil in mode `none`.
    package func leaf(_ name: String) -> CgroupLeaf? {
        if case .none = mode { return nil }
        return CgroupLeaf(name: name, tree: self)
    }

    /// The names of all leaves that exist in any hierarchy.
    package var leafNames: [String] {
        let bases = [unified].compactMap { $0 } + legacy.values
        let found = bases.flatMap { base in
            ProcessTable.names(in: base).filter { access("\(base)/\($0)/cgroup.procs", F_OK) == 0 }
        }
        return Set(found).sorted()
    }

    /// Ends everything in leaves that nobody knows, and removes them: what is left of a life that was cut short between
    /// a start and its record. `done` is called when all are gone.
    package func clear(except known: Set<String>, on loop: EventLoop, _ done: @escaping () -> Void = {}) {
        let unknown = leafNames.filter { !known.contains($0) }.compactMap { leaf($0) }
        var left = unknown.count
        guard left > 0 else { return loop.afterBatch(done) }
        for leaf in unknown {
            leaf.clear(on: loop) {
                left -= 1
                if left == 0 { done() }
            }
        }
    }

    /// Removes the tree's own directories; those with leaves stay.
    package func remove() {
        for base in [unified].compactMap({ $0 }) + legacy.values { _ = rmdir(base) }
    }

    /// Calls once when the leaf's `cgroup.events` changes; nil when the kernel cannot tell.
    func onChange(of leaf: CgroupLeaf, on loop: EventLoop, _ action: @escaping () -> Void) -> EmptinessWatch.Token? {
        guard let unified else { return nil }
        if emptiness == nil { emptiness = try? EmptinessWatch(on: loop) }
        return emptiness?.watch("\(unified)/\(leaf.name)/cgroup.events", action)
    }

    func cancel(_ token: EmptinessWatch.Token) { emptiness?.cancel(token) }
}

// MARK: Finding a place

extension CgroupTree {
    /// The subgroup that this process moves into, out of the way of limits.
    private static let refuge = "supervisor"

    private static func controllers(in file: String) -> Set<Controller> {
        Set(
            (SmallFile.text(file) ?? "").split(whereSeparator: \.isWhitespace).compactMap {
                Controller(rawValue: String($0))
            })
    }

    /// The directory, made if need be and possible.
    private static func make(_ path: String) -> String? {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST, access(path, W_OK) == 0 else { return nil }
        return path
    }

    private static func makeLegacy(_ name: String, _ layout: CgroupLayout) -> [Controller: String] {
        var bases: [Controller: String] = [:]
        for controller in Controller.allCases {
            guard let own = layout.legacy[controller.rawValue] else { continue }
            bases[controller] = make("\(own)/\(name)")
        }
        return bases
    }

    private static func makeUnified(_ name: String, _ layout: CgroupLayout) -> (base: String, Set<Controller>)? {
        guard let own = layout.unified, let root = layout.unifiedRoot else { return nil }
        var parents = own == root ? [] : [own]
        // Started by one who was moved aside in a life before: the tree lies beside.
        if own.hasSuffix("/\(refuge)"), case let above = String(own.dropLast(refuge.utf8.count + 1)),
            access("\(above)/\(name)", F_OK) == 0 || isDelegated(above)
        {
            parents.insert(above, at: 0)
        }
        // Only root can write there; a container's root group is its own.
        parents.append(root)
        for parent in parents {
            guard access("\(parent)/cgroup.subtree_control", W_OK) == 0 else { continue }
            if parent != root, !leave(parent) { continue }
            guard let base = make("\(parent)/\(name)") else { continue }
            for directory in [parent, base] { enable(in: directory) }
            let enabled = controllers(in: "\(base)/cgroup.subtree_control")
            if !enabled.isEmpty { return (base, enabled) }
            _ = rmdir(base)
        }
        return nil
    }

    private static func enable(in directory: String) {
        for controller in Controller.allCases {
            try? SmallFile.write("+\(controller.rawValue)", to: "\(directory)/cgroup.subtree_control")
        }
    }

    /// Moves this process out of a group that is to have limited subgroups. Others in it are moved with it only when
    /// the group is delegated, so that no stranger's session is touched.
    private static func leave(_ group: String) -> Bool {
        let members = (SmallFile.text("\(group)/cgroup.procs") ?? "").split(separator: "\n").compactMap { Int32($0) }
        guard members.allSatisfy({ $0 == getpid() }) || isDelegated(group) else { return false }
        guard !members.isEmpty else { return true }
        guard let aside = make("\(group)/\(refuge)") else { return false }
        for pid in members { try? SmallFile.write("\(pid)", to: "\(aside)/cgroup.procs") }
        return (SmallFile.text("\(group)/cgroup.procs") ?? "x").isEmpty
    }

    /// systemd marks the groups of units with `Delegate=`.
    private static func isDelegated(_ group: String) -> Bool {
        for name in ["user.delegate", "trusted.delegate"] {
            var value: UInt8 = 0
            if clinux_get_attribute(group, name, &value, 1) == 1, value == UInt8(ascii: "1") { return true }
        }
        return false
    }

    private static func reasonForNone(_ layout: CgroupLayout) -> String {
        if layout.unified == nil, layout.legacy.isEmpty { return "control groups are not mounted" }
        return "no control group is delegated to user \(geteuid())"
    }
}
