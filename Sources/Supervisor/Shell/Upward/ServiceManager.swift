import CSystemd
import Contracts
import Glibc
import Linux
import Nouns

/// Tells whoever started the supervisor (systemd, or `bunbase-init`) how it is, by `sd_notify(3)`.
package final class ServiceManager {
    /// Half of what systemd waits between two pings; nil when it does not watch.
    package let pingPeriod: Duration?
    private let loop: EventLoop
    private var lastStatus = ""
    private var isReady = false

    package init(on loop: EventLoop) {
        self.loop = loop
        var microseconds: UInt64 = 0
        let isWatched = sd_watchdog_enabled(0, &microseconds) > 0
        pingPeriod = isWatched ? .microseconds(Int64(clamping: microseconds / 2)) : nil
        ping()
    }

    /// Whether standard output goes to the journal: `JOURNAL_STREAM` of `systemd.exec(5)` names its device and inode.
    package static var isJournalConnected: Bool {
        guard let text = getenv("JOURNAL_STREAM").map({ String(cString: $0) }) else { return false }
        var status = stat()
        guard fstat(STDOUT_FILENO, &status) == 0 else { return false }
        return text == "\(status.st_dev):\(status.st_ino)"
    }

    /// Once: the front listens and the shared services serve.
    package func tellReady() {
        guard !isReady else { return }
        isReady = true
        _ = sd_notify(0, "READY=1")
    }

    /// A line for `systemctl status`; only when it has changed.
    package func tell(status: String) {
        guard status != lastStatus else { return }
        lastStatus = status
        _ = sd_notify(0, "STATUS=\(status)")
    }

    package func tellReloading() {
        let microseconds = EventLoop.clock().nanoseconds / 1000
        _ = sd_notify(0, "RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
    }

    package func tellReloaded() { _ = sd_notify(0, "READY=1") }

    /// Everything is down: the exit that follows is the end.
    package func tellFinished() { _ = sd_notify(0, "\(NotifyKey.finished)=1") }

    package func tellStopping() { _ = sd_notify(0, "STOPPING=1") }

    /// From the loop's own timer, so that a stuck loop is noticed.
    private func ping() {
        guard let pingPeriod else { return }
        _ = sd_notify(0, "WATCHDOG=1")
        loop.schedule(after: pingPeriod) { [weak self] in self?.ping() }
    }
}
