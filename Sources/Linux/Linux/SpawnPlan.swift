import CLinux
import Glibc

/// All that a process is started with. What is not named here it does not get: no other descriptor, variable, signal
/// mask or privilege of its parent.
package struct SpawnPlan {
    /// Descriptors a plan may have.
    package static let descriptorsMax = 10_000

    /// Numeric; names are not resolved.
    package struct User: Hashable, Sendable {
        package var uid: UInt32
        package var gid: UInt32
        /// Supplementary groups.
        package var groups: [UInt32]
        package init(uid: UInt32, gid: UInt32, groups: [UInt32] = []) {
            (self.uid, self.gid, self.groups) = (uid, gid, groups)
        }
    }

    /// The system calls that fail, for it and for all that it starts; `clinux_filter`.
    package enum Filter: Hashable, Sendable {
        /// Those that reach other processes, mounts, namespaces or the kernel's insides, and raw sockets.
        case common
        /// Also those that make, bind or connect internet sockets: it has those that it is given.
        case inheritedSockets

        var program: UnsafePointer<clinux_filter>? {
            switch self {
            case .common: clinux_filter(CLINUX_NETWORK_OPEN)
            case .inheritedSockets: clinux_filter(CLINUX_NETWORK_INHERITED)
            }
        }
    }

    /// An absolute path.
    package var program: String
    /// Behind the name of the program.
    package var arguments: [String]
    /// The whole environment, apart from the three variables of `listening`.
    package var environment: [String: String]
    /// The working directory, entered as the process's own user.
    package var directory = "/"
    /// By the number they get in the process. Of 0, 1 and 2 those that are not named are `/dev/null`.
    package var descriptors: [Int32: Descriptor] = [:]
    /// Passed from 3 on in the manner of `sd_listen_fds(3)`; then `descriptors` may only name 0, 1 and 2.
    package var listening: [(name: String, descriptor: Descriptor)] = []
    /// Nil: the same as the parent's.
    package var user: User?
    /// All capabilities that it keeps, over its execution too. Nil: what its user has.
    package var capabilities: Capabilities?
    /// Whether it stands in a network namespace of its own, with nothing in it: it reaches nobody but through the
    /// sockets that it is given.
    package var hasOwnNetwork = false
    /// Directories that are empty for it, and its own: file systems in memory, in a mount namespace of its own.
    package var temporary: [String] = []
    /// Bytes that each of these may hold.
    package var temporaryMax = 64 << 20
    /// From `Landlock.rules`; must let it execute its program.
    package var landlock: Descriptor?
    package var filter: Filter?
    package var limits: [ResourceLimit] = []
    /// The control groups that it is born in.
    package var cgroup: CgroupEntry?
    /// -1000…1000; more is killed sooner when memory runs out; `proc(5)`. Nil: the parent's.
    package var oomScore: Int?
    package var umask: UInt32 = 0o077
    /// Programs it executes gain nothing by set-user-id bits; `PR_SET_NO_NEW_PRIVS`.
    package var noNewPrivileges = true

    package init(_ program: String, _ arguments: [String] = [], environment: [String: String] = [:]) {
        (self.program, self.arguments, self.environment) = (program, arguments, environment)
    }
}

/// One limit of `setrlimit(2)`. What is above this process's own hard limit is lowered to it, as systemd does.
package struct ResourceLimit: Hashable, Sendable {
    package enum Resource: Hashable, Sendable {
        /// Open descriptors.
        case descriptors
        /// Bytes of private writable memory: what stands in for a memory limit where no control group can.
        case data
        /// Bytes of a core dump.
        case core
        /// Processes and threads of the user, all sessions together; not of root.
        case userProcesses
        /// Bytes of a file.
        case fileSize
        /// Bytes of memory that may be locked.
        case lockedMemory
        /// Bytes in POSIX message queues.
        case messageQueues
        /// Signals that wait, of all the user's processes.
        case pendingSignals

        var number: Int32 {
            switch self {
            case .descriptors: Int32(RLIMIT_NOFILE.rawValue)
            case .data: Int32(RLIMIT_DATA.rawValue)
            case .core: Int32(RLIMIT_CORE.rawValue)
            case .userProcesses: Int32(__RLIMIT_NPROC.rawValue)
            case .fileSize: Int32(RLIMIT_FSIZE.rawValue)
            case .lockedMemory: Int32(__RLIMIT_MEMLOCK.rawValue)
            case .messageQueues: Int32(__RLIMIT_MSGQUEUE.rawValue)
            case .pendingSignals: Int32(__RLIMIT_SIGPENDING.rawValue)
            }
        }
    }

    package var resource: Resource
    package var value: UInt64

    package init(_ resource: Resource, _ value: UInt64) { (self.resource, self.value) = (resource, value) }

    /// Soft and hard, lowered to what this process may grant.
    var kernelForm: clinux_limit {
        var own = rlimit()
        let isKnown = clinux_get_limit(resource.number, &own) == 0
        let granted = isKnown ? min(value, UInt64(own.rlim_max)) : value
        return clinux_limit(resource: resource.number, soft: granted, hard: granted)
    }
}

/// Open files of the control groups that a process is to be born in.
package struct CgroupEntry {
    /// A directory of the unified hierarchy.
    package var unified: Descriptor?
    /// `cgroup.procs` of other hierarchies, open for writing.
    package var others: [Descriptor]

    package init(unified: Descriptor?, others: [Descriptor] = []) { (self.unified, self.others) = (unified, others) }
}
