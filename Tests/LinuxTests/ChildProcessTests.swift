import CLinux
import Glibc
import Linux
import Nouns
import Testing

@Suite struct ChildProcessTests {
    private let shell: Shell

    init() throws { shell = try Shell() }

    @Test func `tells the exit code and what was used`() throws {
        let exit = try shell.end(of: try ChildProcess.spawn(Shell.script("exit 7")))
        #expect(exit.cause == .code(7))
        let usage = try #require(exit.usage)
        #expect(usage.memoryMax > 100_000)
        let busy = try shell.end(
            of: try ChildProcess.spawn(Shell.script("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")))
        #expect(try #require(busy.usage).cpu > .milliseconds(10))
    }

    @Test func `tells the signal`() throws {
        let child = try ChildProcess.spawn(SpawnPlan("/bin/sleep", ["100"]))
        #expect(child.poll() == nil)
        #expect(child.signal(SIGTERM))
        #expect(try shell.end(of: child).cause == .signal(SIGTERM, dumpedCore: false))
        #expect(!child.signal(SIGTERM))
        #expect(child.poll()?.cause == .signal(SIGTERM, dumpedCore: false))
    }

    @Test func `tells an exit that came before it was watched`() throws {
        let child = try ChildProcess.spawn(SpawnPlan("/bin/true"))
        try shell.loop.turn { ProcessTable.status(of: child.pid)?.isZombie == true }
        #expect(child.id.start == ProcessTable.startTime(of: child.pid))
        #expect(try shell.end(of: child).cause == .code(0))
        #expect(ProcessTable.status(of: child.pid) == nil)
    }

    @Test func `adopts a process that is not its child, and tells its exit`() throws {
        // The shell leaves its child behind: an orphan of ours, whose parent is another process.
        let plan = Shell.script("sleep 100 & echo $! > \(shell.scratch["pid"])")
        #expect(try shell.end(of: try ChildProcess.spawn(plan)).cause == .code(0))
        let pid = try #require(Int32(try shell.line(of: "pid")))
        let start = try #require(ProcessTable.startTime(of: pid))
        #expect(ProcessTable.status(of: pid)?.parent != getpid())

        #expect(try ChildProcess.adopt(ProcessID(pid, start: start + 1)) == nil)
        let orphan = try #require(try ChildProcess.adopt(ProcessID(pid, start: start)))
        #expect(orphan.isAdopted)
        #expect(orphan.poll() == nil)
        #expect(ProcessTable.isAlive(orphan.id))
        #expect(orphan.signal(SIGTERM))
        let exit = try shell.end(of: orphan)
        #expect([.unknown, .signal(SIGTERM, dumpedCore: false)].contains(exit.cause))
        #expect(exit.usage == nil)
        #expect(!ProcessTable.isAlive(orphan.id))
    }

    @Test func `does not adopt what is gone`() throws {
        let child = try ChildProcess.spawn(SpawnPlan("/bin/true"))
        _ = try shell.end(of: child)
        #expect(try ChildProcess.adopt(child.id) == nil)
    }

    @Test func `reads a line of the process table whatever the program calls itself`() throws {
        let line = "42 (a) b (c)) S 7 8 9 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 777 1 2"
        let status = try #require(ProcessTable.Status(line))
        #expect(status.pid == 42)
        #expect(status.name == "a) b (c)")
        #expect(status.state == "S")
        #expect(status.parent == 7)
        #expect(status.group == 8)
        #expect(status.session == 9)
        #expect(status.start == 777)
        #expect(status.cpu == .milliseconds(200 * 1000 / Int64(sysconf(Int32(_SC_CLK_TCK)))))
        for bad in ["", "42", "42 (a S 1", "x (a) S 7 8 9", "42 (a) S 7 8 9"] {
            #expect(ProcessTable.Status(bad) == nil)
        }
    }

    @Test func `tells program, environment, memory and children of a process`() throws {
        let plan = Shell.script("sleep 100 & echo up > \(shell.scratch["up"]); wait", environment: ["MARK": "x=y"])
        let child = try ChildProcess.spawn(plan)
        #expect(try shell.line(of: "up") == "up")
        #expect(ProcessTable.program(of: child.pid)?.hasSuffix("/dash") == true)
        #expect(ProcessTable.environment(of: child.pid)?["MARK"] == "x=y")
        #expect(try #require(ProcessTable.residentMemory(of: child.pid)) > 100_000)
        #expect(ProcessTable.children(of: getpid()).contains(child.pid))
        let grandchildren = ProcessTable.children(of: child.pid)
        #expect(grandchildren.count == 1)
        #expect(ProcessTable.all().filter { $0.session == child.pid }.map(\.pid).contains(grandchildren[0]))
        kill(-child.pid, SIGKILL)
        #expect(try shell.end(of: child).cause == .signal(SIGKILL, dumpedCore: false))
    }

    @Test func `takes listeners back from a process that holds them`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        let port = try Socket.localPort(of: listener)
        let unix = try Socket.listen(at: shell.scratch["x.sock"], .packets)
        let (connected, _) = try Socket.pair(.stream)
        var plan = SpawnPlan("/bin/sleep", ["100"])
        plan.listening = [("tcp", listener), ("control", connected), ("handoff", unix)]
        let child = try ChildProcess.spawn(plan)
        listener.close()
        unix.close()
        #expect(ProcessTable.descriptors(of: child.pid)?.keys.sorted() == [0, 1, 2, 3, 4, 5])

        let taken = ProcessTable.listeners(of: child)
        try #require(taken.count == 2)
        #expect(try Socket.localPort(of: taken[0]) == port)
        #expect(Socket.localPath(of: taken[0]) == nil)
        #expect(Socket.localPath(of: taken[1]) == shell.scratch["x.sock"])
        #expect(fcntl(taken[0].number, F_GETFD) & FD_CLOEXEC != 0)
        child.signal(SIGKILL)
        _ = try shell.end(of: child)
        let client = try Socket.connect(to: .loopback(port: port))
        #expect(try Socket.accept(from: taken[0]) != nil)
        #expect(Socket.pendingError(of: client) == 0)
    }

    @Test func `counts its own descriptors`() throws {
        let before = try #require(ProcessTable.descriptors())
        let file = Descriptor(open(shell.scratch["counted"], O_CREAT | O_RDWR, 0o600))
        #expect(before[file.number] == nil || !before[file.number]!.hasSuffix("counted"))
        #expect(ProcessTable.descriptors()?[file.number] == shell.scratch["counted"])
        #expect(ProcessTable.descriptors()?.values.contains { $0.hasSuffix("/fd") } == false)
    }
}
