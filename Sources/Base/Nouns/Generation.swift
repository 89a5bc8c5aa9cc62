/// The number of one set of listening sockets and its token: from the moment a port is bound for an instance until
/// it is released. Survives crashes of the process behind it. Never used again on a node.
package struct Generation: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }
    package init?(_ text: some StringProtocol) {
        guard let number = UInt64(text) else { return nil }
        self.number = number
    }

    package var next: Generation { Generation(number + 1) }
    package var description: String { "\(number)" }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}
