import Contracts
import Glibc
import Linux
import Nouns

/// What keeps one process and all that it starts in, so that they end together.
final class Containment {
    /// Between two looks whether everything that was killed is gone.
    private static let lookMin = Duration.milliseconds(2)
    private static let lookMax = Duration.milliseconds(500)

    let leaf: String?
    private unowned let cage: Cage

    init(leaf: String?, cage: Cage) { (self.leaf, self.cage) = (leaf, cage) }

    /// What is known of the end beyond the exit: `out of memory`.
    var note: String? { nil }

    func begin(_ process: ChildProcess) { cage.begin(process.pid) }

    /// Whether a process belongs here.
    func holds(_ pid: Int32, _ process: ChildProcess) -> Bool {
        pid == process.pid || ProcessTable.status(of: pid)?.session == process.pid
    }

    /// Kills it and everything that it started.
    func kill(_ process: ChildProcess) {
        process.signal(SIGKILL)
        for pid in leftovers(of: process) { Glibc.kill(pid, SIGKILL) }
    }

    /// Behind the exit of the process: ends what it left behind, and calls when nothing of it lives any more.
    func end(_ process: ChildProcess, on loop: EventLoop, _ whenGone: @escaping () -> Void) {
        look(process, on: loop, wait: Self.lookMin, whenGone)
    }

    /// Lets go of what held it.
    func remove() {}

    func usage(_ process: ChildProcess, at now: Instant) -> Usage? {
        guard let status = ProcessTable.status(of: process.pid) else { return nil }
        return Usage(
            memoryBytes: ProcessTable.residentMemory(of: process.pid) ?? 0,
            cpuSeconds: Double(status.cpu.nanoseconds) / 1e9, observedAt: now)
    }

    private func look(
        _ process: ChildProcess, on loop: EventLoop, wait: Duration, _ whenGone: @escaping () -> Void
    ) {
        let left = leftovers(of: process)
        guard !left.isEmpty else {
            cage.end(process.pid)
            return whenGone()
        }
        for pid in left { Glibc.kill(pid, SIGKILL) }
        loop.schedule(after: wait) { [self] in
            look(process, on: loop, wait: min(wait * 2, Self.lookMax), whenGone)
        }
    }

    /// What it started: all of its session, and orphans that still carry its notify socket in their environment.
    private func leftovers(of process: ChildProcess) -> [Int32] {
        let candidates = cage.orphans().map { $0.compactMap { ProcessTable.status(of: $0) } } ?? ProcessTable.all()
        return candidates.filter { status in
            status.pid != process.pid && !status.isZombie && status.session == process.pid
        }.map(\.pid)
    }
}
