import CLinux
import Glibc
import Nouns

/// Everything that one process has started, so that nothing of it outlives it.
///
/// With a control group the kernel knows. Without, as a plain user, they are known by three signs: the session or
/// process group that the process leads; the environment they began with, which names the process's own notify socket;
/// and that orphans below a `subreaper` become its children. A process that leaves the session, clears its environment
/// and makes itself unreadable (`PR_SET_DUMPABLE`) all at once is then found by nobody but as an unknown child of the
/// subreaper (`Orphans`).
package final class Containment {
    /// A variable that only this process and what it started have in their environment.
    package struct Marker: Hashable, Sendable {
        package var name: String
        package var value: String
        package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    private static let retryMin = Duration.milliseconds(5)
    private static let retryMax = Duration.seconds(1)
    /// In a row that find nobody.
    private static let looksMin = 2

    package let leader: ProcessID
    package let leaf: CgroupLeaf?
    private let marker: Marker?

    package init(of leader: ProcessID, leaf: CgroupLeaf?, marker: Marker?) {
        (self.leader, self.leaf, self.marker) = (leader, leaf, marker)
    }

    /// The processes that live now. Without a control group this reads the whole process table with its environments:
    /// its cost grows with the processes of the machine.
    package var members: [Int32] {
        if let leaf { return leaf.processes }
        return ProcessTable.all().filter(isMember).map(\.pid)
    }

    /// SIGKILL to all.
    package func kill() {
        if let leaf { return leaf.kill() }
        // The group's number belongs to it while the leader is not waited for or a member lives; else to nobody yet.
        if leads(ProcessTable.status(of: leader.pid)) { _ = Glibc.kill(-leader.pid, SIGKILL) }
        for pid in members { _ = Glibc.kill(pid, SIGKILL) }
    }

    /// Kills what is left, waits until nothing is, then calls `done` from the loop. Removes the leaf.
    package func clear(on loop: EventLoop, _ done: @escaping () -> Void) {
        if let leaf { return leaf.clear(on: loop, done) }
        clear(on: loop, again: Self.retryMin, looks: 0, done)
    }

    /// One look may miss a process that was made meanwhile by one that had ended when its turn came, and one that is
    /// just executing a program and has no environment: only a second look tells that nobody is left.
    private func clear(on loop: EventLoop, again delay: Duration, looks: Int, _ done: @escaping () -> Void) {
        let left = members
        guard !left.isEmpty || looks + 1 < Self.looksMin else { return loop.afterBatch(done) }
        for pid in left { _ = Glibc.kill(pid, SIGKILL) }
        loop.schedule(after: delay) { [self] in
            if left.isEmpty {
                clear(on: loop, again: delay, looks: looks + 1, done)
            } else {
                clear(on: loop, again: min(delay * 2, Self.retryMax), looks: 0, done)
            }
        }
    }

    /// Nobody else has the leader's number: it still has it, or it is gone and so is its number.
    private func leads(_ holder: ProcessTable.Status?) -> Bool { holder == nil || holder?.start == leader.start }

    private func isMember(_ status: ProcessTable.Status) -> Bool {
        guard !status.isZombie, status.start >= leader.start, status.pid != getpid() else { return false }
        if status.pid == leader.pid { return status.start == leader.start }
        if status.session == leader.pid || status.group == leader.pid {
            return leads(ProcessTable.status(of: leader.pid))
        }
        guard let marker else { return false }
        return ProcessTable.environment(of: status.pid)?[marker.name] == marker.value
    }
}
