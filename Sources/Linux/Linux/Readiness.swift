import CLinux

/// What a descriptor is ready for, or is to be watched for; `epoll(7)`.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer will send no more.
    package static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// Reported without being asked for.
    package static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
    /// Reported without being asked for.
    package static let failed = Readiness(rawValue: EPOLLERR.rawValue)
    package static let edgeTriggered = Readiness(rawValue: EPOLLET.rawValue)
    package static let once = Readiness(rawValue: EPOLLONESHOT.rawValue)
    /// Of several loops that wait for the same, not all are woken.
    package static let exclusive = Readiness(rawValue: EPOLLEXCLUSIVE.rawValue)
}
