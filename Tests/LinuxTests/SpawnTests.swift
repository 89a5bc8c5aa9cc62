import CLinux
import Foundation
import Glibc
import Linux
import Nouns
import Testing

@Suite struct SpawnTests {
    private let shell: Shell

    init() throws { shell = try Shell() }

    private func status(_ plan: SpawnPlan) throws -> [String: String] {
        var fields: [String: String] = [:]
        for line in try shell.output(of: plan).split(separator: "\n") {
            let words = line.split(separator: ":", maxSplits: 1)
            fields[String(words[0])] = words.count > 1 ? words[1].trimmingCharacters(in: .whitespaces) : ""
        }
        return fields
    }

    @Test func `starts with no signal blocked or ignored and without new privileges`() throws {
        Signals.ignoreBrokenPipe()
        var mask = sigset_t()
        sigfillset(&mask)
        var before = sigset_t()
        pthread_sigmask(SIG_SETMASK, &mask, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let status = try status(SpawnPlan("/bin/cat", ["/proc/self/status"]))
        #expect(status["SigBlk"] == "0000000000000000")
        #expect(status["SigIgn"] == "0000000000000000")
        #expect(status["SigCgt"] == "0000000000000000")
        #expect(status["NoNewPrivs"] == "1")
        #expect(status["CapAmb"] == "0000000000000000")
        #expect(status["Umask"] == "0077")
    }

    @Test func `leaves the caller's own signal mask as it was`() throws {
        var (before, after) = (sigset_t(), sigset_t())
        pthread_sigmask(SIG_SETMASK, nil, &before)
        _ = try shell.output(of: SpawnPlan("/bin/true"))
        pthread_sigmask(SIG_SETMASK, nil, &after)
        for signal in 1..<Int32(64) { #expect(sigismember(&before, signal) == sigismember(&after, signal)) }
    }

    @Test func `leads a session of its own`() throws {
        let words = try shell.output(of: SpawnPlan("/bin/cat", ["/proc/self/stat"])).split(separator: " ")
        #expect(words[0] == words[4])
        #expect(words[0] == words[5])
        #expect(Int32(words[3]) == getpid())
    }

    @Test func `gets the descriptors it is given at their numbers, and no others`() throws {
        // Three files whose numbers in the child are each other's here.
        let files = ["a", "b", "c"].map { open(shell.scratch[$0], O_CREAT | O_RDWR, 0o600) }
        let sorted = files.sorted()
        // Open here and not close-on-exec, between those that it is given and above them.
        for number in [Int32(850), 950] { #expect(dup2(sorted[0], number) == number) }
        defer { for number in [Int32(850), 950] { close(number) } }
        var plan = SpawnPlan("/bin/ls", ["-l", "/proc/self/fd"])
        plan.descriptors = [
            sorted[0]: Descriptor(files[1]), sorted[1]: Descriptor(files[2]), sorted[2]: Descriptor(files[0]),
            900: Descriptor(dup(files[0])),
        ]
        let lines = try shell.output(of: plan).split(separator: "\n").filter { $0.contains(" -> ") }
        var targets: [Int32: String] = [:]
        for line in lines {
            let words = line.split(separator: " ")
            targets[Int32(words[words.count - 3])!] = String(words.last!)
        }
        #expect(targets.removeValue(forKey: 0) == "/dev/null")
        #expect(targets.removeValue(forKey: 1) == shell.scratch["output"])
        #expect(targets.removeValue(forKey: 2) == "/dev/null")
        #expect(
            targets.removeValue(forKey: sorted[0]) == shell.scratch[["a", "b", "c"][files.firstIndex(of: files[1])!]])
        #expect(targets.removeValue(forKey: sorted[1]) == shell.scratch["c"])
        #expect(targets.removeValue(forKey: sorted[2]) == shell.scratch["a"])
        #expect(targets.removeValue(forKey: 900) == shell.scratch["a"])
        // What is left is the directory that ls itself has opened.
        #expect(targets.values.allSatisfy { $0.hasPrefix("/proc/") })
        #expect(targets.count == 1)
    }

    @Test func `passes listening sockets in the manner of systemd`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        let other = try Socket.listen(at: shell.scratch["x.sock"], .stream)
        var plan = Shell.script("echo $$ $LISTEN_PID $LISTEN_FDS $LISTEN_FDNAMES; readlink /proc/$$/fd/3 /proc/$$/fd/4")
        plan.listening = [("tcp", listener), ("unix", other)]
        let lines = try shell.output(of: plan).split(separator: "\n")
        let words = lines[0].split(separator: " ")
        #expect(words[0] == words[1])
        #expect(words[2...] == ["2", "tcp:unix"])
        #expect(lines[1] == target(of: listener.number)!)
        #expect(lines[2] == target(of: other.number)!)
    }

    @Test func `has the environment, arguments and directory of the plan only`() throws {
        var plan = SpawnPlan("/usr/bin/env", environment: ["A": "1 2", "B": ""])
        #expect(try shell.output(of: plan) == "A=1 2\nB=\n")
        plan = SpawnPlan("/bin/sh", ["-c", "pwd; printf '%s|' \"$@\"", "x", "a b", "", "c"])
        plan.directory = shell.scratch.path
        #expect(try shell.output(of: plan) == "\(shell.scratch.path)\na b||c|")
    }

    @Test(.enabled(if: geteuid() == 0)) func `runs as another user with that user's rights only`() throws {
        close(open(shell.scratch["secret"], O_CREAT, 0o600))
        var plan = Shell.script(
            "cat /proc/self/status; cat \(shell.scratch["secret"]) 2>&1 && echo readable: yes; true")
        plan.user = SpawnPlan.User(uid: 65534, gid: 65533, groups: [65532, 1234])
        let status = try status(plan)
        #expect(status["Uid"] == "65534\t65534\t65534\t65534")
        #expect(status["Gid"] == "65533\t65533\t65533\t65533")
        #expect(status["Groups"] == "1234 65532")
        #expect(status["CapEff"] == "0000000000000000")
        #expect(status["CapPrm"] == "0000000000000000")
        #expect(status["readable"] == nil)
        plan.user?.groups = []
        #expect(try self.status(plan)["Groups"] == "")
    }

    @Test func `has the limits of the plan, lowered to what may be granted`() throws {
        var plan = SpawnPlan("/bin/cat", ["/proc/self/limits"])
        plan.limits = [
            ResourceLimit(.descriptors, 40), ResourceLimit(.core, 0), ResourceLimit(.data, 50 << 20),
            ResourceLimit(.userProcesses, .max - 1),
        ]
        let lines = try shell.output(of: plan).split(separator: "\n")
        func limit(_ name: String) -> [Substring] {
            lines.first { $0.hasPrefix(name) }!.dropFirst(name.count).split(separator: " ").prefix(2).map { $0 }
        }
        #expect(limit("Max open files") == ["40", "40"])
        #expect(limit("Max core file size") == ["0", "0"])
        #expect(limit("Max data size") == ["52428800", "52428800"])
        var own = rlimit()
        #expect(clinux_get_limit(Int32(__RLIMIT_NPROC.rawValue), &own) == 0)
        #expect(limit("Max processes")[1] == (own.rlim_max == .max ? "18446744073709551614" : "\(own.rlim_max)"))
    }

    @Test func `is marked for the kernel's choice when memory runs out`() throws {
        var plan = SpawnPlan("/bin/cat", ["/proc/self/oom_score_adj"])
        plan.oomScore = 345
        #expect(try shell.output(of: plan) == "345\n")
    }

    private func error(_ change: (inout SpawnPlan) -> Void) -> SpawnError? {
        var plan = SpawnPlan("/bin/true")
        change(&plan)
        do throws(SpawnError) {
            let child = try ChildProcess.spawn(plan)
            _ = child.signal(SIGKILL)
            return nil
        } catch {
            return error
        }
    }

    @Test func `says at which step a start failed`() throws {
        let file = shell.scratch["text"]
        close(open(file, O_CREAT, 0o600))
        let closed = Descriptor(dup(2))
        closed.close()
        #expect(error { $0.program = "/none" } == SpawnError(.execute, code: ENOENT, program: "/none"))
        #expect(error { $0.program = file } == SpawnError(.execute, code: EACCES, program: file))
        #expect(error { $0.directory = "/none" } == SpawnError(.directory, code: ENOENT, program: "/bin/true"))
        #expect(error { $0.descriptors[5] = closed } == SpawnError(.descriptors, code: EBADF, program: "/bin/true"))
        #expect(error { $0.cgroup = CgroupEntry(unified: closed) }?.code == EBADF)
        #expect(
            error { $0.cgroup = CgroupEntry(unified: nil, others: [Descriptor(open(file, O_RDONLY))]) }
                == SpawnError(.cgroup, code: EBADF, program: "/bin/true"))
        #expect(error { $0.arguments = ["a\0b"] }?.step == .plan)
        #expect(error { $0.environment = ["A=B": "c"] }?.step == .plan)
        #expect(error { $0.descriptors[-1] = Descriptor(dup(2)) }?.step == .plan)
        #expect(error { $0.program = "/none" }?.description == "/none: execute: No such file or directory")
    }

    @Test func `leaves nothing behind when a start failed`() throws {
        for _ in 0..<20 { #expect(error { $0.program = "/none" } != nil) }
        // One that failed before `execve` still has the name of the thread that made it.
        let own = try #require(SmallFile.text("/proc/thread-self/comm")).trimmingCharacters(in: .newlines)
        try shell.loop.turn {
            !ProcessTable.children(of: getpid()).compactMap { ProcessTable.status(of: $0) }.contains {
                $0.name == own && $0.isZombie
            }
        }
    }

    @Test func `copies none of the caller's memory, however large`() throws {
        let size = 256 << 20
        let ballast = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
        defer { ballast.deallocate() }
        func touch() {
            for offset in stride(from: 0, to: size, by: 4096) {
                ballast.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
            }
        }
        touch()
        let child = try ChildProcess.spawn(SpawnPlan("/bin/sleep", ["100"]))
        let before = Self.faultsOfThread()
        touch()
        // Had the memory been copied on write, each page would fault now: 128 times with the largest pages.
        #expect(Self.faultsOfThread() - before < 60)
        child.signal(SIGKILL)
        _ = try shell.end(of: child)
    }

    private static func faultsOfThread() -> Int {
        var usage = rusage()
        // RUSAGE_THREAD
        #expect(getrusage(__rusage_who_t(1), &usage) == 0)
        return usage.ru_minflt
    }
}
