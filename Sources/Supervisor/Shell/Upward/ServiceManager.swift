import CLinux
import Contracts
import Glibc
import Linux
import Nouns

/// Tells whoever started the supervisor (systemd, or `bunbase-init`) how it is, by `sd_notify(3)`.
///
/// By hand and not by libsystemd, which makes a new socket for each word. Without one who listens nothing is said.
package final class ServiceManager {
    /// Messages that wait when systemd is busy.
    private static let pendingMax = 4096
    /// Between two lines of status at least.
    private static let statusPause = Duration.seconds(1)

    /// Also what the descriptor store speaks through, so that all words keep their order.
    package let notifier: Notifier?
    /// Half of what systemd waits between two pings; nil when it does not watch.
    package let pingPeriod: Duration?
    private let loop: EventLoop
    private var lastStatus = ""
    private var statusSentAt: Instant?
    private var statusTimer: TimerHeap.ID?
    private var isReady = false

    /// `variables`: of this process's environment; whose `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` count.
    package init(on loop: EventLoop, variable: (String) -> String? = ServiceManager.environment) {
        self.loop = loop
        let path = variable(ChildEnvironment.notifySocket).flatMap { $0.isEmpty ? nil : $0 }
        notifier = path.flatMap { try? Notifier(path: $0, on: loop, pendingMax: Self.pendingMax) }
        let isMeant = variable(ChildEnvironment.watchdogPID).map { Int32($0) == getpid() } ?? true
        let wait = isMeant ? variable(ChildEnvironment.watchdogMicroseconds).flatMap { Int64($0) } : nil
        pingPeriod = wait.flatMap { $0 > 0 ? .microseconds($0 / 2) : nil }
        ping()
    }

    package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Once: the front listens and the shared services serve.
    package func tellReady() {
        guard !isReady else { return }
        isReady = true
        notifier?.post("READY=1")
    }

    /// A line for `systemctl status`: told when it has changed, and at most once a second; it is asked for then.
    package func statusChanged(_ line: @escaping () -> String) {
        guard notifier != nil, statusTimer == nil else { return }
        let next = statusSentAt.map { $0 + Self.statusPause } ?? EventLoop.clock()
        guard next > EventLoop.clock() else { return tell(status: line()) }
        statusTimer = loop.schedule(at: next) { [weak self] in
            self?.statusTimer = nil
            self?.tell(status: line())
        }
    }

    private func tell(status: String) {
        guard status != lastStatus else { return }
        (lastStatus, statusSentAt) = (status, EventLoop.clock())
        notifier?.post("STATUS=\(status)")
    }

    package func tellReloading() {
        notifier?.post("RELOADING=1", "MONOTONIC_USEC=\(Self.monotonicMicroseconds)")
    }

    package func tellReloaded() { notifier?.post("READY=1") }

    /// Everything is down: the exit that follows is the end.
    package func tellFinished() { notifier?.post("\(NotifyKey.finished)=1") }

    package func tellStopping() { notifier?.post("STOPPING=1") }

    /// What was not taken yet is tried for a moment: the program is about to end.
    package func flush() { notifier?.flush(for: .milliseconds(500)) }

    /// From the loop's own timer, so that a stuck loop is noticed.
    private func ping() {
        guard let pingPeriod else { return }
        _ = notifier?.send("WATCHDOG=1")
        loop.schedule(after: pingPeriod) { [weak self] in self?.ping() }
    }

    /// systemd compares it with its own `CLOCK_MONOTONIC`.
    private static var monotonicMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
