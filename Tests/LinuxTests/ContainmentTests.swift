import CLinux
import Glibc
import Linux
import Nouns
import Testing

@Suite struct ContainmentTests {
    private let shell: Shell
    private let marker = Containment.Marker("NOTIFY_SOCKET", "/tests/\(Random.word())")

    init() throws { shell = try Shell() }

    /// One process in the session, one in a session of its own, one of those whose parent has died.
    private func start() throws -> ChildProcess {
        let script = """
            sleep 100 &
            setsid sleep 100 &
            (setsid sleep 100 &)
            echo up > \(shell.scratch["up"])
            exec sleep 100
            """
        let plan = Shell.script(script, environment: [marker.name: marker.value])
        let child = try ChildProcess.spawn(plan)
        #expect(try shell.line(of: "up") == "up")
        return child
    }

    /// Waits until the shells on the way to them are gone.
    private func awaitMembers(of containment: Containment, sleepers count: Int) throws {
        try shell.loop.turn {
            containment.members.map { ProcessTable.status(of: $0)?.name } == Array(repeating: "sleep", count: count)
        }
    }

    @Test func `finds and ends what a process started, without control groups`() throws {
        let child = try start()
        let containment = Containment(of: child.id, leaf: nil, marker: marker)
        try awaitMembers(of: containment, sleepers: 4)
        child.signal(SIGTERM)
        #expect(try shell.end(of: child).cause == .signal(SIGTERM, dumpedCore: false))
        let left = containment.members
        #expect(left.count == 3)
        var isClear = false
        containment.clear(on: shell.loop) { isClear = true }
        try shell.loop.turn { isClear }
        #expect(containment.members.isEmpty)
        #expect(left.allSatisfy { ProcessTable.status(of: $0)?.isZombie ?? true })
    }

    @Test func `kills the living with all that they started`() throws {
        let child = try start()
        let containment = Containment(of: child.id, leaf: nil, marker: marker)
        try awaitMembers(of: containment, sleepers: 4)
        containment.kill()
        #expect(try shell.end(of: child).cause == .signal(SIGKILL, dumpedCore: false))
        try shell.loop.turn { containment.members.isEmpty }
    }

    @Test func `finds also what is just being made, by those that end meanwhile`() throws {
        for _ in 0..<60 {
            let script = "(setsid sleep 100 &); (sleep 100 &); echo up > \(shell.scratch["up"]); (sleep 100 &)"
            let child = try ChildProcess.spawn(Shell.script(script, environment: [marker.name: marker.value]))
            let containment = Containment(of: child.id, leaf: nil, marker: marker)
            _ = try shell.line(of: "up")
            child.signal(SIGKILL)
            _ = try shell.end(of: child)
            var isClear = false
            containment.clear(on: shell.loop) { isClear = true }
            try shell.loop.turn { isClear }
            #expect(containment.members.isEmpty)
        }
    }

    @Test func `leaves others alone`() throws {
        let child = try ChildProcess.spawn(SpawnPlan("/bin/sleep", ["100"]))
        let other = try ChildProcess.spawn(SpawnPlan("/bin/sleep", ["100"], environment: [marker.name: "other"]))
        // The same number, but of an earlier process: its session is over.
        let earlier = ProcessID(child.pid, start: child.id.start - 1)
        let containment = Containment(of: earlier, leaf: nil, marker: marker)
        #expect(containment.members.isEmpty)
        containment.kill()
        #expect(child.poll() == nil)
        #expect(other.poll() == nil)
        for process in [child, other] {
            process.signal(SIGKILL)
            _ = try shell.end(of: process)
        }
    }
}
