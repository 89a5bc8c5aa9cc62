import CLinux
import Foundation
import Glibc
import Linux
import Nouns
import Testing

/// Against the hierarchies of this machine: as root these tests demand that groups can be made.
@Suite(.enabled(if: geteuid() == 0)) struct CgroupTests {
    private let shell: Shell
    private let tree: CgroupTree

    init() throws {
        shell = try Shell()
        tree = CgroupTree(name: "bunbase-tests-\(Random.word())")
        if case .none(let reason) = tree.mode { Issue.record("no control groups: \(reason)") }
    }

    /// Removes the tree, which must have no leaf any more.
    private func finish() throws {
        #expect(tree.leafNames.isEmpty)
        tree.remove()
    }

    private func leaf(_ name: String, _ limits: GroupLimits = GroupLimits()) throws -> CgroupLeaf {
        try #require(try tree.makeLeaf(name, limits: limits))
    }

    private func spawn(_ plan: SpawnPlan, in leaf: CgroupLeaf) throws -> ChildProcess {
        var plan = plan
        plan.cgroup = try leaf.entry()
        return try ChildProcess.spawn(plan)
    }

    private func clear(_ leaf: CgroupLeaf) throws {
        var isClear = false
        leaf.clear(on: shell.loop) { isClear = true }
        try shell.loop.turn { isClear }
    }

    @Test func `gives birth in every hierarchy, before the program's first step`() throws {
        let leaf = try leaf("41")
        var plan = SpawnPlan("/bin/cat", ["/proc/self/cgroup"])
        plan.cgroup = try leaf.entry()
        plan.user = SpawnPlan.User(uid: 65534, gid: 65534)
        let lines = try shell.output(of: plan).split(separator: "\n")
        let inside = lines.filter { $0.hasSuffix("/41") }.map {
            $0.split(separator: ":", omittingEmptySubsequences: false)[1]
        }
        for controller in tree.controllers where tree.mode == .hybrid(controllers: tree.controllers) {
            #expect(inside.contains { $0.split(separator: ",").contains(Substring(controller.rawValue)) })
        }
        #expect(inside.contains(""))
        try clear(leaf)
        try finish()
    }

    /// A supervisor that adopts it would otherwise never remove its group.
    @Test func `is also the group of a process that has ended, and of no other`() throws {
        let leaf = try leaf("47")
        let child = try spawn(Shell.script("exec sleep 100"), in: leaf)
        #expect(leaf.isHome(of: child.id))
        #expect(!leaf.isHome(of: ProcessID(getpid(), start: try #require(ProcessTable.startTime(of: getpid())))))
        child.signal(SIGKILL)
        try shell.loop.turn { ProcessTable.status(of: child.pid)?.isZombie ?? false }
        #expect(leaf.isHome(of: child.id))
        _ = try shell.end(of: child)
        #expect(leaf.isHome(of: child.id))
        try clear(leaf)
        #expect(!leaf.isHome(of: child.id))
        try finish()
    }

    @Test func `tells and kills all that a process started, also what left its session`() throws {
        let leaf = try leaf("42")
        let script = """
            setsid sh -c 'sleep 100 & sleep 100' >/dev/null 2>&1 &
            (setsid sleep 100 &) &
            echo up > \(shell.scratch["up"])
            exec sleep 100
            """
        let child = try spawn(Shell.script(script), in: leaf)
        #expect(try shell.line(of: "up") == "up")
        try shell.loop.turn {
            let names = leaf.processes.compactMap { ProcessTable.status(of: $0)?.name }
            return names.sorted() == ["sh", "sleep", "sleep", "sleep", "sleep"]
        }
        #expect(leaf.processes.contains(child.pid))
        #expect(!leaf.isEmpty)

        child.signal(SIGKILL)
        #expect(try shell.end(of: child).cause == .signal(SIGKILL, dumpedCore: false))
        let orphans = leaf.processes
        #expect(orphans.count == 4)
        try clear(leaf)
        #expect(orphans.allSatisfy { ProcessTable.status(of: $0)?.isZombie ?? true })
        try finish()
    }

    @Test func `kills a group at once while it goes on making processes`() throws {
        let leaf = try leaf("43", GroupLimits(processes: 60))
        let script = "f() { f & f & }; echo up > \(shell.scratch["up"]); f 2>/dev/null; wait; sleep 100"
        let child = try spawn(Shell.script(script), in: leaf)
        #expect(try shell.line(of: "up") == "up")
        leaf.kill()
        _ = try shell.end(of: child)
        try clear(leaf)
        try finish()
    }

    @Test func `holds a group to its number of processes`() throws {
        try #require(tree.controllers.contains(.processes))
        let leaf = try leaf("44", GroupLimits(processes: 4))
        var plan = Shell.script("for i in 1 2 3 4 5 6 7 8; do sleep 100 & done 2>/dev/null; wait")
        plan.descriptors[2] = Descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC))
        let child = try spawn(plan, in: leaf)
        #expect(try shell.end(of: child).cause == .code(2))
        #expect((1...3).contains(leaf.processes.count))
        #expect(tree.enforcement(of: GroupLimits(processes: 4)).processes == .cgroup)
        try clear(leaf)
        try finish()
    }

    @Test func `holds a group to its memory and tells that it was killed for it`() throws {
        try #require(tree.controllers.contains(.memory))
        let leaf = try leaf("45", GroupLimits(memory: 20 << 20))
        try leaf.set(GroupLimits(memory: 40 << 20))
        try leaf.set(GroupLimits(memory: 10 << 20))
        let child = try spawn(Shell.script("x=$(head -c 60000000 /dev/zero | tr '\\0' x); echo ${#x}"), in: leaf)
        let exit = try shell.end(of: child)
        #expect(exit.cause == .signal(SIGKILL, dumpedCore: false))
        #expect(leaf.memoryKills > 0)
        #expect(tree.substitutes(for: GroupLimits(memory: 1)).isEmpty)
        try clear(leaf)
        try finish()
    }

    @Test func `holds a group to its share of a core, and counts what it uses`() throws {
        try #require(tree.controllers.contains(.cpu))
        let leaf = try leaf("46", GroupLimits(cpuPercent: 10))
        let child = try spawn(Shell.script("while :; do :; done"), in: leaf)
        let begin = EventLoop.clock()
        try shell.loop.turn { (leaf.usage.cpu ?? .zero) > .milliseconds(60) }
        let elapsed = EventLoop.clock() - begin
        // At full speed this takes 60 ms.
        #expect(elapsed > .milliseconds(300))
        #expect(try #require(leaf.usage.memory) > 0)
        leaf.kill()
        _ = try shell.end(of: child)
        try clear(leaf)
        try finish()
    }

    @Test func `finds and clears leaves of a life before that nobody knows`() throws {
        let known = try leaf("47")
        let unknown = try leaf("48")
        let (kept, lost) = (
            try spawn(SpawnPlan("/bin/sleep", ["100"]), in: known),
            try spawn(SpawnPlan("/bin/sleep", ["100"]), in: unknown)
        )
        #expect(tree.leafNames == ["47", "48"])
        var isDone = false
        tree.clear(except: ["47"], on: shell.loop) { isDone = true }
        try shell.loop.turn { isDone }
        #expect(tree.leafNames == ["47"])
        #expect(try shell.end(of: lost).cause == .signal(SIGKILL, dumpedCore: false))
        #expect(kept.poll() == nil)
        #expect(tree.leaf("47")?.processes == [kept.pid])
        kept.signal(SIGKILL)
        _ = try shell.end(of: kept)
        try clear(known)
        try finish()
    }

    @Test func `offers no groups to a plain user`() throws {
        var plan = Shell.script("mkdir /sys/fs/cgroup/unified/x /sys/fs/cgroup/x 2>/dev/null; echo $?")
        plan.user = SpawnPlan.User(uid: 65534, gid: 65534)
        #expect(try shell.output(of: plan) == "1\n")
        try finish()
    }

    @Test func `is entered by files that need no lock over all processes of the machine`() throws {
        let leaf = try leaf("49")
        let entry = try leaf.entry()
        if case .hybrid(let controllers) = tree.mode {
            #expect(!entry.others.isEmpty)
            #expect(entry.others.count <= controllers.count)
        }
        for file in entry.others { #expect(target(of: file.number)?.hasSuffix("/49/tasks") == true) }
        #expect(target(of: try #require(entry.unified).number)?.hasSuffix("/49") == true)
        try clear(leaf)
        try finish()
    }
}
