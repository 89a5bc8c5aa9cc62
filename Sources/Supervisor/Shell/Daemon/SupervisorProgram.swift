import Config
import Foundation
import Linux
import Nouns
import Supervision

/// `bunbase-supervisor CLUSTERFILE`: started by systemd or `bunbase-init`, or by hand; then it binds its public
/// sockets itself, and nobody keeps its descriptors while it is away.
///
/// SIGTERM: end, and leave everything running. SIGINT: stop everything, then end. SIGHUP: read the cluster file again.
/// Ends with 0 when everything is down, and with 143 (128 + SIGTERM) when it left everything running, so that whoever
/// started it knows whether to start it again; 64 when called wrongly, 78 when the cluster file is refused, 75 when
/// another supervisor runs, 71 when the system does not let it start (`sysexits.h`).
package enum SupervisorProgram {
    package static func main() -> Never {
        let arguments = CommandLine.arguments
        guard arguments.count == 2, !arguments[1].hasPrefix("-") else {
            leave(64, "usage: bunbase-supervisor CLUSTERFILE")
        }
        let environment = ProcessInfo.processInfo.environment
        let directory = programDirectory()
        let read: () throws(ConfigError) -> ClusterFile = { () throws(ConfigError) in
            try ClusterFile.load(path: arguments[1], environment: environment, programDirectory: directory)
        }
        do {
            let cluster = try read()
            Signals.ignoreBrokenPipe()
            raiseDescriptorLimit()
            let loop = try EventLoop()
            // The listening sockets' variables are for this process alone.
            let inherited = try ListenFDs.fromEnvironment()
            for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { unsetenv(name) }
            var daemon: Daemon?
            let signals = try Signals([SIGTERM, SIGINT, SIGHUP], on: loop) { signal in
                switch signal {
                case SIGTERM: daemon?.detach()
                case SIGINT: daemon?.shutDown()
                default: daemon?.reconfigure()
                }
            }
            var options = Daemon.Options(inherited: inherited)
            options.failpoint = environment["BUNBASE_FAILPOINT"]
            options.isJournal = SystemJournal.isConnected
            options.reapsOrphans = true
            options.cgroup = environment["BUNBASE_CGROUP"]
            daemon = try Daemon.start(cluster, on: loop, options, reload: read)
            let ending = try daemon?.run()
            signals.close()
            exit(ending == .detached ? 128 + SIGTERM : 0)
        } catch let error as ConfigError {
            leave(78, error.description)
        } catch let error as Daemon.StartError {
            if case .alreadyRunning = error { leave(75, error.description) }
            leave(71, error.description)
        } catch {
            leave(71, "\(error)")
        }
    }

    private static func leave(_ code: Int32, _ reason: String) -> Never {
        FileHandle.standardError.write(Data("bunbase-supervisor: \(reason)\n".utf8))
        exit(code)
    }

    /// Where programs that the cluster file names without a path lie.
    private static func programDirectory() -> String {
        let own = ProcessTable.program(of: getpid()) ?? CommandLine.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().path
    }

    /// A process, its sockets and its pipes take some eight descriptors; the usual soft limit of 1024 is for programs
    /// that use `select(2)`.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
