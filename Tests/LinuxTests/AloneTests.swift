import CLinux
import Foundation
import Glibc
import Linux
import Nouns
import Testing

/// Runs suites of this file in processes of their own: they change the whole process, or need another user.
@Suite struct AloneTests {
    static let variable = "LINUX_TESTS_ALONE"
    static var isAlone: Bool { getenv(variable) != nil }

    private func run(_ suite: String, _ change: (inout SpawnPlan) -> Void = { _ in }) throws {
        let shell = try Shell()
        // By descriptor, so that a user who may not enter our directories can execute it too.
        let program = Descriptor(open("/proc/self/exe", O_RDONLY | O_CLOEXEC))
        var plan = SpawnPlan(
            "/proc/self/fd/9", ["--testing-library", "swift-testing", "--filter", "LinuxTests.\(suite)"],
            environment: [Self.variable: "1", "PATH": "/usr/bin:/bin", "HOME": "/tmp"])
        plan.descriptors[9] = program
        let log = shell.scratch["log"]
        plan.descriptors[1] = Descriptor(open(log, O_CREAT | O_WRONLY | O_CLOEXEC, 0o666))
        plan.descriptors[2] = plan.descriptors[1]
        change(&plan)
        let exit = try shell.end(of: try ChildProcess.spawn(plan))
        let text = SmallFile.text(log) ?? ""
        #expect(exit.cause == .code(0), "\(text)")
        #expect(text.contains("passed after") && !text.contains("with 0 tests"), "\(text)")
    }

    @Test(.disabled(if: isAlone)) func `adopts orphans in a process of its own`() throws { try run("SubreaperTests") }

    @Test(.disabled(if: isAlone)) func `bears a lack of descriptors in a process of its own`() throws {
        try run("ScarcityTests")
    }

    @Test(
        .enabled(if: !isAlone && geteuid() == 0),
        arguments: ["PlainUserTests", "ContainmentTests", "ChildProcessTests"])
    func `works for a plain user`(suite: String) throws {
        try run(suite) { $0.user = SpawnPlan.User(uid: 65534, gid: 65534) }
    }
}

@Suite(.enabled(if: AloneTests.isAlone)) struct SubreaperTests {
    @Test func `inherits orphans, waits for the dead and names the living`() throws {
        try Orphans.adopt()
        let shell = try Shell()
        var signals = 0
        // Before any child: SIGCHLD must be blocked in this thread to be read.
        let watch = try Signals([SIGCHLD], on: shell.loop) { _ in signals += 1 }
        let plan = Shell.script("(setsid sleep 100 &); (setsid true &); echo up > \(shell.scratch["up"])")
        let child = try ChildProcess.spawn(plan)
        #expect(try shell.line(of: "up") == "up")
        #expect(try shell.end(of: child).cause == .code(0))
        var living: [ProcessID] = []
        try shell.loop.turn {
            living = Orphans.reap(except: { $0 == child.pid })
            return living.map { ProcessTable.status(of: $0.pid)?.name } == ["sleep"]
        }
        #expect(ProcessTable.children(of: getpid()) == [living[0].pid])
        #expect(ProcessTable.status(of: living[0].pid)?.parent == getpid())
        #expect(Orphans.reap(except: { $0 == living[0].pid }).isEmpty)
        kill(living[0].pid, SIGKILL)
        try shell.loop.turn {
            _ = Orphans.reap(except: { _ in false })
            return ProcessTable.children(of: getpid()).isEmpty
        }
        watch.close()
    }
}

@Suite(.enabled(if: AloneTests.isAlone)) struct PlainUserTests {
    @Test func `may make no control groups and says so`() throws {
        try #require(geteuid() != 0)
        let tree = CgroupTree(name: "bunbase-tests")
        #expect(tree.mode == .none(reason: "no control group is delegated to user \(geteuid())"))
        #expect(try tree.makeLeaf("1", limits: GroupLimits(memory: 1)) == nil)
        let limits = GroupLimits(memory: 60 << 20, processes: 3, cpuPercent: 50)
        let report = tree.enforcement(of: limits)
        guard case .rlimit = report.memory, case .none = report.processes, case .none = report.cpu else {
            Issue.record("\(report)")
            return
        }
        // What stands in for the memory limit holds.
        let shell = try Shell()
        var plan = SpawnPlan("/usr/bin/python3", ["-c", "bytearray(100 << 20)"])
        #expect(try shell.end(of: try ChildProcess.spawn(plan)).cause == .code(0))
        plan.limits = tree.substitutes(for: limits)
        #expect(try shell.end(of: try ChildProcess.spawn(plan)).cause == .code(1))
    }

    @Test func `may not become another user`() throws {
        var plan = SpawnPlan("/bin/true")
        plan.user = SpawnPlan.User(uid: 0, gid: 0)
        #expect { try ChildProcess.spawn(plan) } throws: {
            ($0 as? SpawnError)?.step == .groups && ($0 as? SpawnError)?.code == EPERM
        }
    }

    @Test func `may not lower the mark for the kernel's choice below its own`() throws {
        var plan = SpawnPlan("/bin/true")
        plan.oomScore = -500
        #expect { try ChildProcess.spawn(plan) } throws: { ($0 as? SpawnError)?.step == .oomScore }
    }
}

@Suite(.enabled(if: AloneTests.isAlone)) struct ScarcityTests {
    @Test func `pauses accepting while no descriptor is left, and loses no connection`() throws {
        let loop = try EventLoop()
        let scratch = Scratch()
        var accepted: [Descriptor] = []
        let listener = try Listener(try Socket.listen(at: scratch["x.sock"], .stream), on: loop) { accepted.append($0) }
        let clients = try (0..<3).map { _ in try Socket.connect(to: scratch["x.sock"], .stream) }
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        var none = limit
        none.rlim_cur = 0
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none) == 0)
        try loop.turn(wait: .zero)
        #expect(accepted.isEmpty)
        // Paused: the waiting connections do not wake the loop any more, its next event is the timer.
        let begin = EventLoop.clock()
        try loop.turn()
        #expect(EventLoop.clock() - begin > Listener.pause / 2)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        try loop.turn { accepted.count == clients.count }
        listener.close()
    }
}
