import CLoad
import Foundation
import Glibc
import Linux
import Trial

/// Something between clients and the backend, in processes of its own on core 0.
protocol Proxy: AnyObject {
    var port: UInt16 { get }
    /// The processes that carry requests.
    var workers: [Int32] { get }
    func stop()
}

extension Proxy {
    /// Seconds that the workers' threads have run; `/proc/PID/task/*/schedstat`.
    var processorSeconds: Double {
        workers.flatMap { pid in
            ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []).map {
                "/proc/\(pid)/task/\($0)/schedstat"
            }
        }
        .compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
        .compactMap { $0.split(separator: " ").first.flatMap { Double($0) } }
        .reduce(0, +) / 1e9
    }

    var rssKiB: Int { workers.compactMap { ProcessFacts($0).rssKiB }.reduce(0, +) }
}

/// A directory and a loop of one measurement.
final class Ground {
    static let proxyCore = 0
    static let loadCore = 1

    let loop: EventLoop
    let directory: String
    private let options: Options

    init(_ options: Options) throws {
        self.options = options
        // Load and crew share a core that is not the proxy's.
        cload_pin(Int32(Self.loadCore))
        loop = try EventLoop()
        directory = "/tmp/bunbase-bench-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        // Workers that run as another user reach the backend's socket here.
        chmod(directory, 0o777)
        hurry(getpid())
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Lets the loop turn for so long, or until something is so.
    func turn(for duration: Duration, until isSo: () -> Bool = { false }) throws {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end, !isSo() { try loop.turn(wait: .milliseconds(20)) }
    }

    func freePort() throws -> UInt16 { try Socket.localPort(of: try Socket.listen(on: .loopback(port: 0))) }

    /// Starts a program on the proxy's core.
    func spawn(_ program: String, _ arguments: [String], _ change: (inout SpawnPlan) -> Void = { _ in }) throws
        -> ChildProcess
    {
        var plan = SpawnPlan(
            "/usr/bin/taskset", ["-c", "\(Self.proxyCore)", program] + arguments,
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        plan.limits = [ResourceLimit(.descriptors, 65_536)]
        let output = Descriptor(open(directory + "/output", O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600))
        plan.descriptors = [1: output, 2: output]
        change(&plan)
        let process = try ChildProcess.spawn(plan)
        hurry(process.pid)
        return process
    }

    /// Lets the session of a process go before others, if that is wanted.
    func hurry(_ pid: Int32) {
        guard options.isUrgent else { return }
        try? "-20".write(toFile: "/proc/\(pid)/autogroup", atomically: false, encoding: .utf8)
    }

    /// Runs a program on the load's core to its end, for which the loop turns on, and gives what it wrote.
    func output(of program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["taskset", "-c", "\(Self.loadCore)", program] + arguments
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        try turn(for: .seconds(60)) { !process.isRunning }
        return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    /// Ends a process and waits for it.
    func end(_ process: ChildProcess, _ signal: Int32 = SIGTERM) {
        process.signal(signal)
        try? turn(for: .seconds(5)) { process.poll() != nil }
        if process.exit == nil { process.signal(SIGKILL) }
    }

    /// What the started programs have written.
    var output: String { (try? String(contentsOfFile: directory + "/output", encoding: .utf8)) ?? "" }

    /// Returns when somebody listens on a port.
    func await(port: UInt16) throws {
        for _ in 0..<250 {
            if let connection = try? BlockingConnection(.port(port)) { return connection.close() }
            try turn(for: .milliseconds(20))
        }
        throw TrialCluster.Failure("nobody listens on port \(port):\n\(output)")
    }
}
