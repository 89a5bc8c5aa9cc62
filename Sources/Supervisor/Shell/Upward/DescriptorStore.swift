import CSystemd
import Glibc
import Linux

/// Descriptors that whoever started the supervisor keeps for its next life: `FDSTORE=1` of `sd_notify(3)`.
///
/// Without such a keeper (`NOTIFY_SOCKET` is not set) nothing is kept, and sockets are taken back from living children
/// where the kernel allows it.
package final class DescriptorStore {
    package let isAvailable: Bool

    package init(isAvailable: Bool = getenv("NOTIFY_SOCKET") != nil) { self.isAvailable = isAvailable }

    /// Hands a copy over. Several may have one name.
    package func keep(_ descriptor: Descriptor, as name: String) {
        guard isAvailable else { return }
        var number = descriptor.number
        _ = sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=\(name)", &number, 1)
    }

    /// Lets all of the name go.
    package func drop(_ name: String) {
        guard isAvailable else { return }
        _ = sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=\(name)")
    }
}
