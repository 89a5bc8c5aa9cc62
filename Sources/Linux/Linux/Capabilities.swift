import CLinux

/// Rights of root, one by one; `capabilities(7)`.
package struct Capabilities: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    private init(number: Int) { rawValue = 1 << UInt64(number) }

    package static let changeOwner = Capabilities(number: 0)
    package static let overrideAccess = Capabilities(number: 1)
    package static let actAsOwner = Capabilities(number: 3)
    package static let kill = Capabilities(number: 5)
    package static let setGroup = Capabilities(number: 6)
    package static let setUser = Capabilities(number: 7)
    package static let lowerBound = Capabilities(number: 8)
    package static let trace = Capabilities(number: 19)
    package static let administer = Capabilities(number: 21)

    /// What a process that is told later whose it is keeps until then.
    package static let becomeUser: Capabilities = [.setUser, .setGroup]

    /// What it takes to run processes as other users, to give them files, to end them, and to take their sockets back.
    package static let superviseUsers: Capabilities = [
        .changeOwner, .overrideAccess, .actAsOwner, .kill, .setGroup, .setUser, .lowerBound, .trace,
    ]

    /// Of this thread, those that count now.
    package static var current: Capabilities { Capabilities(rawValue: clinux_capabilities()) }

    /// By the kernel's names: `CAP_SETUID`.
    package var names: [String] {
        let known: [(Capabilities, String)] = [
            (.changeOwner, "CAP_CHOWN"), (.overrideAccess, "CAP_DAC_OVERRIDE"), (.actAsOwner, "CAP_FOWNER"),
            (.kill, "CAP_KILL"), (.setGroup, "CAP_SETGID"), (.setUser, "CAP_SETUID"), (.lowerBound, "CAP_SETPCAP"),
            (.trace, "CAP_SYS_PTRACE"), (.administer, "CAP_SYS_ADMIN"),
        ]
        return known.filter { contains($0.0) }.map(\.1)
    }
}
