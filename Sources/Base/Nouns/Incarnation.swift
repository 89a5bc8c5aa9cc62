/// The number of one process: unique on a node for as long as its journal lives, and never used again.
///
/// News that carries another incarnation than the one an instance has is stale and ignored. A warm, blank process
/// keeps its number when it takes over a project.
package struct Incarnation: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }
    package init?(_ text: some StringProtocol) {
        guard let number = UInt64(text) else { return nil }
        self.number = number
    }

    package var next: Incarnation { Incarnation(number + 1) }
    package var description: String { "\(number)" }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}
