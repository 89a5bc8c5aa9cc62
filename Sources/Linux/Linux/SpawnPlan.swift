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

        var number: Int32 {
            switch self {
            case .descriptors: Int32(RLIMIT_NOFILE.rawValue)
            case .data: Int32(RLIMIT_DATA.rawValue)
            case .core: Int32(RLIMIT_CORE.rawValue)
            case .userProcesses: Int32(__RLIMIT_NPROC.rawValue)
            case .fileSize: Int32(RLIMIT_FSIZE.rawValue)
            case .lockedMemory: Int32(__RLIMIT_MEMLOCK.rawValue)
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
