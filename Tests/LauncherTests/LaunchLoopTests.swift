import Foundation
import Glibc
import Launcher
import Linux
import Testing
import Trial

/// The launcher's own program with a shell script in the supervisor's place.
struct LaunchLoopTests {
    /// One launch in a folder of its own.
    final class Attempt {
        let folder = FileManager.default.temporaryDirectory.appending(path: "launch-\(UUID())").path
        private(set) var process: ChildProcess?
        private var pipe: Descriptor?

        init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

        deinit {
            process?.signal(SIGKILL)
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// Starts the launcher; `script` is the body of the supervisor.
        func start(_ script: String, http: String? = nil, run: String? = nil) throws {
            let supervisor = folder + "/supervisor"
            try "#!/bin/sh\n\(script)\n".write(toFile: supervisor, atomically: true, encoding: .utf8)
            chmod(supervisor, 0o700)
            let free = try (0..<3).map { _ in "\(try Socket.localAddress(of: Socket.listen(on: .loopback(port: 0))))" }
            let arguments = LaunchArguments(
                run: run ?? folder + "/run", http: http ?? free[0], resp: free[1], status: free[2],
                supervisor: supervisor,
                cluster: "/c.yaml", announcement: "/dev/null", log: folder + "/log")
            let (reader, writer) = try Socket.pair(.stream)
            _ = fcntl(reader.number, F_SETFL, 0)
            var plan = SpawnPlan(
                TrialCluster.programsBesideMe + "/bunbase-init", arguments.words, environment: ["PATH": "/usr/bin:/bin"]
            )
            plan.listening = [(name: LaunchLoop.readyPipe, descriptor: writer)]
            process = try ChildProcess.spawn(plan)
            pipe = reader
        }

        /// All that it said until it ended.
        func said() throws -> String {
            let pipe = try #require(pipe)
            var all: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(pipe.number, &chunk, chunk.count)
                guard count > 0 else { return String(decoding: all, as: UTF8.self) }
                all += chunk[..<count]
            }
        }

        func exitCode() throws -> Int32? {
            let process = try #require(process)
            var waiting = pollfd(fd: process.descriptor.number, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 20_000) == 1, case .code(let code)? = process.poll()?.cause else { return nil }
            return code
        }
    }

    @Test func `gives up with the supervisor's own code when that refuses to start`() throws {
        let attempt = try Attempt()
        try attempt.start("exit 78")
        #expect(try attempt.said() == "say the supervisor refused to start; see its message above\n")
        #expect(try attempt.exitCode() == 78)
    }

    @Test func `passes the public sockets by name, and its notify socket`() throws {
        let attempt = try Attempt()
        try attempt.start(
            """
            echo "$LISTEN_FDS $LISTEN_FDNAMES $NOTIFY_SOCKET $1" > "$(dirname "$0")/told"
            test "$LISTEN_PID" = $$ && test -S /dev/fd/3 && test -S /dev/fd/$((LISTEN_FDS + 2)) &&
            test -S "$NOTIFY_SOCKET" && exit 78
            exit 64
            """)
        #expect(try attempt.exitCode() == 78)
        // One socket of each public address for each core.
        let cores = min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 16)
        let names = ["http", "resp"].flatMap { Array(repeating: $0, count: cores) } + ["status"]
        #expect(
            try String(contentsOfFile: attempt.folder + "/told", encoding: .utf8)
                == "\(names.count) \(names.joined(separator: ":")) "
                + "\(attempt.folder)/run/init.notify /c.yaml\n")
    }

    @Test func `says which address is taken, before anything is started`() throws {
        let taken = try Socket.listen(on: .loopback(port: 0))
        let address = "\(try Socket.localAddress(of: taken))"
        let attempt = try Attempt()
        try attempt.start("touch \"$(dirname \"$0\")/started\"; exit 78", http: address)
        #expect(try attempt.said().hasPrefix("say \(address) is taken by process \(getpid()) ("))
        #expect(try attempt.exitCode() == 1)
        #expect(!FileManager.default.fileExists(atPath: attempt.folder + "/started"))
    }

    @Test func `runs once in a directory, and starts the supervisor again when that is killed`() throws {
        let attempt = try Attempt()
        let fifo = attempt.folder + "/fifo"
        mkfifo(fifo, 0o600)
        let reader = Descriptor(open(fifo, O_RDWR | O_CLOEXEC))
        try attempt.start("echo $$ > \(fifo); exec sleep 60")
        // Each reading waits for a supervisor to start.
        let first = try #require(Self.nextNumber(from: reader))
        #expect(RunLock.holder(at: RunLock.launcherPath(in: attempt.folder + "/run")) == attempt.process?.pid)

        let second = try Attempt()
        try second.start("exit 78", run: attempt.folder + "/run")
        #expect(try second.said() == "say this cluster is already running\n")
        #expect(try second.exitCode() == 1)

        kill(first, SIGKILL)
        let next = try #require(Self.nextNumber(from: reader))
        #expect(next != first)
        attempt.process?.signal(SIGKILL)
        kill(next, SIGKILL)
    }

    /// Waits for a line with a number.
    private static func nextNumber(from reader: Descriptor) -> Int32? {
        var waiting = pollfd(fd: reader.number, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 20_000) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(reader.number, &bytes, bytes.count)
        return Int32(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).dropLast())
    }
}
