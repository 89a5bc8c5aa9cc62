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

    // By the bits: these are asked for each event.

    /// Something can be read: bytes, an end or an error.
    package var hasInput: Bool { rawValue & Self.inputBits != 0 }
    /// The peer will send no more, or is gone.
    package var hasEnd: Bool { rawValue & Self.endBits != 0 }
    /// Both directions are over.
    package var isOver: Bool { rawValue & Self.overBits != 0 }
    package var hasRoom: Bool { rawValue & UInt32(0x004) != 0 }

    // EPOLLIN 1, EPOLLOUT 4, EPOLLERR 8, EPOLLHUP 0x10, EPOLLRDHUP 0x2000; `epoll_ctl(2)`.
    private static var overBits: UInt32 { 0x018 }
    private static var endBits: UInt32 { 0x2018 }
    private static var inputBits: UInt32 { 0x2019 }
}
