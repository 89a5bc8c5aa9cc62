import ArgumentParser
import Config
import Contracts
import Foundation
import Launcher
import Linux
import Nouns
import Terminal

struct Down: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stops a cluster: all projects' processes, then the services, then the supervisor.")

    @Option(help: "Seconds to wait until all is down.")
    var wait = 120

    func validate() throws {
        guard (1...3600).contains(wait) else { throw ValidationError("--wait is a number of seconds from 1 to 3600.") }
    }

    func run() throws {
        let cluster = try Cluster()
        let run = cluster.home.run
        let launcher = RunLock.launcherPath(in: run.directory)
        let end = EventLoop.clock() + .seconds(wait)
        if let pid = RunLock.holder(at: launcher) {
            kill(pid, SIGTERM)
            try awaitEnd(of: pid, by: end)
            if let supervisor = RunLock.holder(at: run.lock) {
                throw Failure(
                    .refused,
                    "The launcher ended, but the supervisor (process \(supervisor)) still runs. See: bunbase logs")
            }
        } else if let pid = RunLock.holder(at: run.lock) {
            // The launcher was killed: the supervisor is told itself.
            _ = try cluster.demand(try cluster.supervisor("POST", "/shutdown"))
            try awaitEnd(of: pid, by: end)
        } else {
            try demandNobody(run)
            return print("No cluster is running in \(cluster.home.directory).")
        }
        try demandNobody(run)
        print("Everything is down.")
    }

    private func awaitEnd(of pid: Int32, by end: Instant) throws(Failure) {
        guard let start = ProcessTable.startTime(of: pid),
            let process = try? ChildProcess.adopt(ProcessID(pid, start: start))
        else { return }
        while true {
            let rest = (end - EventLoop.clock()).millisecondsRoundedUp
            var waiting = pollfd(fd: process.descriptor.number, events: Int16(POLLIN), revents: 0)
            guard rest > 0 else { break }
            let count = poll(&waiting, 1, Int32(clamping: rest))
            if count > 0 { return }
            if count == 0 || errno != EINTR { break }
        }
        throw Failure(.refused, "Not everything is down after \(wait) s; it goes on stopping. See: bunbase status")
    }

    /// Only a supervisor can stop what a killed one left behind.
    private func demandNobody(_ run: RunPaths) throws(Failure) {
        let left = ProcessTable.all().filter { status in
            !status.isZombie && ProcessTable.environment(of: status.pid)?[ChildEnvironment.run] == run.directory
        }
        guard !left.isEmpty else { return }
        let names = left.prefix(8).map { "\($0.pid) (\($0.name))" }.joined(separator: ", ")
        throw Failure(
            .refused,
            "No supervisor runs, but \(left.count) of its processes do: \(names). "
                + "Stop them with: bunbase up --detach, then bunbase down"
        )
    }
}
