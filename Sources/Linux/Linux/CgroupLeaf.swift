import CLinux
import Glibc
import Nouns

/// The control group of one process and of all that it starts.
package final class CgroupLeaf {
    /// What the group uses now and has used.
    package struct Usage: Hashable, Sendable {
        /// Bytes, page cache of its files included; nil where the machine does not count.
        package var memory: UInt64?
        package var cpu: Duration?
    }

    private static let cpuPeriod = 100_000
    private static let retryMin = Duration.milliseconds(5)
    private static let retryMax = Duration.seconds(1)

    package let name: String
    private let tree: CgroupTree
    private let unified: String?
    private let legacy: [CgroupTree.Controller: String]

    init(name: String, tree: CgroupTree) {
        (self.name, self.tree) = (name, tree)
        unified = tree.unified.map { "\($0)/\(name)" }
        legacy = tree.legacy.mapValues { "\($0)/\(name)" }
    }

    /// All of the leaf's directories, each once: several controllers may share a hierarchy.
    var directories: [String] { Array(Set([unified].compactMap { $0 } + legacy.values)).sorted() }

    /// What a process is started with to be born here.
    package func entry() throws(SystemError) -> CgroupEntry {
        var others: [Descriptor] = []
        for directory in Set(legacy.values).sorted() {
            // `tasks` rather than `cgroup.procs`: a single thread that moves itself needs no lock over all processes
            // of the machine.
            let path = "\(directory)/tasks"
            others.append(Descriptor(try SystemError.check("open", path: path) { open(path, O_WRONLY | O_CLOEXEC) }))
        }
        guard let unified else { return CgroupEntry(unified: nil, others: others) }
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let directory = Descriptor(try SystemError.check("open", path: unified) { open(unified, flags) })
        return CgroupEntry(unified: directory, others: others)
    }

    /// Sets the limits that the machine can enforce here; nil ones are left as they are.
    package func set(_ limits: GroupLimits) throws(SystemError) {
        if let memory = limits.memory { try set(memory: memory) }
        if let processes = limits.processes { try write("\(max(1, processes))", .processes, "pids.max", "pids.max") }
        if let percent = limits.cpuPercent {
            // Below 1 ms the kernel refuses.
            let quota = max(1000, percent * Self.cpuPeriod / 100)
            try write("\(quota) \(Self.cpuPeriod)", .cpu, "cpu.max", nil)
            try write("\(Self.cpuPeriod)", .cpu, nil, "cpu.cfs_period_us")
            try write("\(quota)", .cpu, nil, "cpu.cfs_quota_us")
        }
    }

    private func set(memory: UInt64) throws(SystemError) {
        // Swap would only make a leak slow. The files are absent where the kernel counts no swap. In version 1 the
        // limit with swap may never be below the one without: set on both sides, it can be raised and lowered.
        try? write("\(memory)", .memory, nil, "memory.memsw.limit_in_bytes")
        try write("\(memory)", .memory, "memory.max", "memory.limit_in_bytes")
        try? write("\(memory)", .memory, nil, "memory.memsw.limit_in_bytes")
        try? write("0", .memory, "memory.swap.max", nil)
        // One process killed for memory takes its group with it: no half of an instance lives on.
        try? write("1", .memory, "memory.oom.group", nil)
    }

    /// Into the file of the controller's version, where that has one.
    private func write(
        _ text: String, _ controller: CgroupTree.Controller, _ unifiedFile: String?, _ legacyFile: String?
    ) throws(SystemError) {
        guard tree.controllers.contains(controller) else { return }
        if let directory = legacy[controller] {
            if let legacyFile { try SmallFile.write(text, to: "\(directory)/\(legacyFile)") }
        } else if let unified, let unifiedFile {
            try SmallFile.write(text, to: "\(unified)/\(unifiedFile)")
        }
    }

    // MARK: Reading

    /// The processes in the group; those that have exited and were not waited for are not among them.
    package var processes: [Int32] {
        let lists = directories.map { SmallFile.text("\($0)/cgroup.procs") ?? "" }
        let pids = lists.flatMap { $0.split(separator: "\n").compactMap { Int32($0) } }
        return Set(pids).filter { ProcessTable.status(of: $0)?.isZombie == false }.sorted()
    }

    /// Whether it is the group of a process that some life started in a group of this name: it is there, and the
    /// process is in it, or has ended and is in none.
    package func isHome(of process: ProcessID) -> Bool {
        if processes.contains(process.pid) { return true }
        return !ProcessTable.isAlive(process) && directories.contains { access($0, F_OK) == 0 }
    }

    /// Whether no process is left.
    package var isEmpty: Bool {
        if let unified, legacy.isEmpty { return Self.isUnpopulated(unified) }
        return processes.isEmpty
    }

    private static func isUnpopulated(_ directory: String) -> Bool {
        SmallFile.text("\(directory)/cgroup.events").map { $0.contains("populated 0") } ?? true
    }

    package var usage: Usage {
        let memory = read(.memory, "memory.current", "memory.usage_in_bytes")
        // The unified hierarchy counts time even where it has no controllers.
        let line = unified.flatMap { SmallFile.text("\($0)/cpu.stat") }?.split(separator: "\n").first {
            $0.hasPrefix("usage_usec ")
        }
        let cpu = line.flatMap { Int64($0.dropFirst(11)) }.map { Duration.microseconds($0) }
        return Usage(memory: memory, cpu: cpu)
    }

    private func read(_ controller: CgroupTree.Controller, _ unifiedFile: String, _ legacyFile: String) -> UInt64? {
        if let directory = legacy[controller] { return SmallFile.number("\(directory)/\(legacyFile)") }
        return unified.flatMap { SmallFile.number("\($0)/\(unifiedFile)") }
    }

    /// How often the kernel has killed a process of the group for memory.
    package var memoryKills: UInt64 {
        let file = legacy[.memory].map { "\($0)/memory.oom_control" } ?? unified.map { "\($0)/memory.events" }
        let lines = file.flatMap { SmallFile.text($0) }?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("oom_kill ") }.flatMap { UInt64($0.dropFirst(9)) } ?? 0
    }

    // MARK: Ending

    /// SIGKILL to every process in the group, also to those that are just being made. Without the unified hierarchy (or
    /// before Linux 5.14) only to those that are seen: call again until the group is empty, as `clear` does.
    package func kill() {
        if let unified, (try? SmallFile.write("1", to: "\(unified)/cgroup.kill")) != nil { return }
        for pid in processes { _ = Glibc.kill(pid, SIGKILL) }
    }

    /// Kills all that is left in the group, waits until it is gone, removes the leaf, then calls `done` from the loop:
    /// at once when the group is empty already. The group's figures are gone then: read them before.
    package func clear(on loop: EventLoop, _ done: @escaping () -> Void) {
        // Most groups are empty when their process has exited.
        if removeIfEmpty() { return loop.afterBatch(done) }
        _ = Clearing(self, tree, on: loop, done)
    }

    /// Whether the leaf is gone. A group whose last process is just leaving may still say EBUSY.
    @discardableResult
    func removeIfEmpty() -> Bool {
        var isGone = true
        for directory in directories where rmdir(directory) < 0 && errno != ENOENT { isGone = false }
        return isGone
    }

    /// The way from the kill to the removal: woken by the kernel where it tells, and by a timer that doubles.
    private final class Clearing {
        private let leaf: CgroupLeaf
        private let tree: CgroupTree
        private let loop: EventLoop
        private var done: (() -> Void)?
        private var token: EmptinessWatch.Token?
        private var timer: TimerHeap.ID?
        private var delay = CgroupLeaf.retryMin

        init(_ leaf: CgroupLeaf, _ tree: CgroupTree, on loop: EventLoop, _ done: @escaping () -> Void) {
            (self.leaf, self.tree, self.loop, self.done) = (leaf, tree, loop, done)
            leaf.kill()
            token = tree.onChange(of: leaf, on: loop) { [self] in attempt() }
            attempt()
        }

        private func attempt() {
            guard let done else { return }
            if let timer { loop.cancel(timer) }
            guard leaf.removeIfEmpty() else {
                // Between the scan and the kill something may have been made.
                leaf.kill()
                timer = loop.schedule(after: delay) { [self] in attempt() }
                delay = min(delay * 2, CgroupLeaf.retryMax)
                return
            }
            if let token { tree.cancel(token) }
            self.done = nil
            loop.afterBatch(done)
        }
    }
}
