/// How the processes of one kind are run: what the supervisor's shell must know beyond what its core decides on.
package struct ProgramSettings: Hashable, Sendable {
    /// What a process may use. Nil: no limit of ours.
    package struct Limits: Hashable, Sendable {
        /// Bytes of memory, page cache included where a cgroup counts it.
        package var memory: Int?
        /// In a hundred of one core.
        package var cpuPercent: Int?
        /// Processes and threads.
        package var pids: Int?
        /// Open descriptors.
        package var files: Int?
        /// Bytes of the largest file it may write.
        package var fileSize: Int?

        package init() {}
    }

    /// What stands between a process and everything that is not its own, beyond a user of its own.
    package struct Isolation: Hashable, Sendable {
        package enum Network: String, CaseIterable, Sendable {
            /// Only the sockets that it is given: it makes, binds and connects none.
            case inherited
            /// A network of its own with nothing in it: nobody is reached but through the sockets that it is given.
            case empty
            /// The machine's.
            case host
        }

        package var network = Network.host
        /// Whether it reaches nothing of the file system but its data and what it may read (landlock).
        package var hasLandlock = true
        /// Whether system calls that no ordinary program needs fail (seccomp).
        package var hasFilter = true
        /// Whether `/tmp`, `/var/tmp` and `/dev/shm` are empty for it and its own.
        package var hasOwnTemporary = true
        /// Absolute paths that it may read and execute, with all below them.
        package var readable = Self.systemPaths

        /// Where a system's programs, libraries and settings lie.
        package static let systemPaths = [
            "/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr",
        ]

        package init() {}
    }

    /// Where a socket of a shared service comes from.
    package enum Socket: Hashable, Sendable {
        /// One of the supervisor's own listening sockets of that name: `http`, `resp`.
        case inherited(String)
        /// A listening unix socket for byte streams; an absolute path.
        case stream(String)
        /// A listening unix socket for packets (`SOCK_SEQPACKET`); an absolute path.
        case packets(String)
        /// A listening TCP socket.
        case tcp(Address)
    }

    /// Absolute. Not checked to exist: a missing program is a failed start, shown in the status, and heals when it
    /// is put there.
    package var program: String
    package var arguments: [String] = []
    /// Whether the program speaks our control channel: it starts blank and is told by message what it is. Others get
    /// systemd's `LISTEN_FDS` and `BUNBASE_*` in their environment.
    package var hasControl = false
    /// Whether it takes connections over (`HandOff`).
    package var takesHandOff = false
    /// The sockets of a service by the name it knows them by (`DescriptorName`); empty for kinds of projects.
    package var sockets: [String: Socket] = [:]
    package var limits = Limits()
    package var isolation = Isolation()
    /// Added to the process's otherwise empty environment. Not for secrets: others can read it.
    package var environment: [String: String] = [:]
    /// Handed to programs of ours in `Assignment.settings`, with sizes in bytes and durations in milliseconds.
    package var settings: [String: String] = [:]

    package init(program: String) { self.program = program }
}
