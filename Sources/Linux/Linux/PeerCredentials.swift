import CLinux
import Glibc

/// Who is at the other end of a unix socket, as the kernel vouches for it: `SO_PEERCRED`, `SCM_CREDENTIALS`.
package struct PeerCredentials: Hashable, Sendable {
    package let pid: Int32
    package let uid: UInt32
    package let gid: UInt32

    package init(pid: Int32, uid: UInt32, gid: UInt32) { (self.pid, self.uid, self.gid) = (pid, uid, gid) }

    /// Of the process that connected, at the moment it did.
    package init(of socket: borrowing Descriptor) throws(SystemError) {
        var (pid, uid, gid): (pid_t, uid_t, gid_t) = (0, 0, 0)
        let number = socket.number
        try SystemError.check("getsockopt SO_PEERCRED") { clinux_peer(number, &pid, &uid, &gid) }
        self.init(pid: pid, uid: uid, gid: gid)
    }

    /// Whether it is the user this process runs as, or root.
    package var isSameUserOrRoot: Bool { uid == 0 || uid == geteuid() }

    /// Whether it is that, or of the group that the cluster's services form where each has a user of its own.
    package func isOurs(_ services: UInt32?) -> Bool { isSameUserOrRoot || services == gid }
}
