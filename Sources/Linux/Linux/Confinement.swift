import CLinux
import Glibc

/// How a process that was started before anybody knew whose it would be shuts itself in once it is told: it becomes its
/// user, gives up its capabilities, then everything that is not its own. There is no way back.
package struct Confinement: Hashable, Sendable {
    /// User and group; nil: it stays who it is.
    package var user: UInt32?
    package var group: UInt32?
    /// All it may reach from then on; nil: whatever its user may.
    package var places: [Landlock.Place]?
    /// Whether it may neither bind nor connect TCP sockets.
    package var closesPorts = false

    package init() {}

    /// Enters it. Relative paths and temporary files then begin at `directory`. On failure the process is half shut in
    /// and has to end.
    ///
    /// Throws EBUSY in a process of several threads: only the calling one would be confined.
    package func enter(directory: String) throws(SystemError) {
        var tasks = stat()
        // A directory's links are itself, its name, and one for each thread.
        guard stat("/proc/self/task", &tasks) == 0, tasks.st_nlink == 3 else {
            throw SystemError("confine threads", code: EBUSY, path: "/proc/self/task")
        }
        if let user {
            let group = group ?? user
            try SystemError.check("become user", path: "\(user)") { clinux_become_user(user, group) }
        }
        try SystemError.check("chdir", path: directory) { chdir(directory) }
        guard let places else { return }
        let rules = try Landlock.rules(places, closesPorts: closesPorts)
        try SystemError.check("landlock") { clinux_landlock_enter(rules.number) }
    }
}
