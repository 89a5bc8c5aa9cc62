import Linux

/// Descriptors that whoever started the supervisor keeps for its next life: `FDSTORE=1` of `sd_notify(3)`.
///
/// Without such a keeper nothing is kept, and sockets are taken back from living children where the kernel allows it.
/// What belongs together has one name and travels in one message, and so does its end: that halves the system calls of
/// a wake.
package final class DescriptorStore {
    private let keeper: Notifier?

    /// `keeper`: who keeps; nil when nobody does.
    package init(_ keeper: Notifier?) { self.keeper = keeper }

    /// Hands copies over, at most 16, all under one name. They come back in no order.
    package func keep(_ descriptors: [Descriptor], as name: String) {
        guard !descriptors.isEmpty else { return }
        keeper?.post("FDSTORE=1", "FDNAME=\(name)", descriptors: descriptors)
    }

    /// Lets all of the name go.
    package func drop(_ name: String) {
        keeper?.post("FDSTOREREMOVE=1", "FDNAME=\(name)")
    }
}
