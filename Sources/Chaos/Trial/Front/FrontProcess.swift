import Contracts
import Glibc
import Linux

/// The program `bunbase-front` with sockets of a test's own, in a runtime directory where a `FrontCrew` waits for it.
package final class FrontProcess {
    package let port: UInt16
    package let securePort: UInt16
    package let respPort: UInt16
    private let process: ChildProcess

    /// - Parameters:
    ///   - directory: the runtime directory; the program's output goes into its file `output`.
    ///   - change: what is to be different from the plain start.
    package init(
        _ programs: String, in directory: String, loops: Int = 1, _ change: (inout SpawnPlan) -> Void = { _ in }
    ) throws {
        let http = try Socket.listen(on: .loopback(port: 0), backlog: 4096, sharesPort: true)
        let https = try Socket.listen(on: .loopback(port: 0), backlog: 4096, sharesPort: true)
        let resp = try Socket.listen(on: .loopback(port: 0), backlog: 4096, sharesPort: true)
        (port, respPort) = (try Socket.localPort(of: http), try Socket.localPort(of: resp))
        securePort = try Socket.localPort(of: https)
        var plan = SpawnPlan(
            programs + "/bunbase-front",
            environment: [
                ChildEnvironment.run: directory, ChildEnvironment.data: directory,
                ChildEnvironment.settingPrefix + "LOOPS": "\(loops)",
            ])
        plan.listening = [(DescriptorName.http, http), (DescriptorName.https, https), (DescriptorName.resp, resp)]
        let output = Descriptor(open(directory + "/output", O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600))
        plan.descriptors = [1: output, 2: output]
        change(&plan)
        process = try ChildProcess.spawn(plan)
    }

    deinit { kill() }

    package var pid: Int32 { process.pid }
    /// How it ended; nil while it runs.
    package var exit: ProcessExit? { process.poll() }

    package func signal(_ number: Int32) { process.signal(number) }

    /// Stops it, until `SIGCONT`; returns when it stands still.
    package func pause() {
        process.signal(SIGSTOP)
        // All threads have stopped when the kernel says so of the process.
        while ProcessFacts(pid).text("stat")?.split(separator: ")").last?.split(separator: " ").first != "T" {}
    }

    /// Waits some seconds for its end; nil when it does not come.
    package func awaitExit() -> ProcessExit? {
        var descriptor = pollfd(fd: process.descriptor.number, events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, 10_000)
        return process.poll()
    }

    /// Ends it at once, and waits for that.
    package func kill() {
        guard process.exit == nil else { return }
        process.signal(SIGKILL)
        _ = awaitExit()
    }
}
