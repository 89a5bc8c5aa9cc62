import CLinux
import Glibc

/// Processes whose parent has died and that became this process's children.
package enum Orphans {
    /// From now on orphans below this process become its children instead of init's; `PR_SET_CHILD_SUBREAPER`. Then
    /// `reap` must be called at each SIGCHLD.
    package static func adopt() throws(SystemError) {
        try SystemError.check("prctl PR_SET_CHILD_SUBREAPER") { clinux_become_subreaper() }
    }

    /// Waits for those that have exited and gives those that live. `known` are the children that this process started
    /// itself: those are left to their `ChildProcess`.
    package static func reap(except known: (Int32) -> Bool) -> [ProcessID] {
        var living: [ProcessID] = []
        for pid in ProcessTable.children(of: getpid()) where !known(pid) {
            guard let status = ProcessTable.status(of: pid) else { continue }
            if status.isZombie {
                _ = clinux_reap_child(pid)
            } else {
                living.append(status.id)
            }
        }
        return living
    }
}
