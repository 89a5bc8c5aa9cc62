/// The place of a record in a log: how many came before it since the log began. Never used again, also not after a
/// trim. As the end of a range it names the first record that does not belong.
package struct Offset: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64

    @inlinable package init(_ number: UInt64) { self.number = number }

    package static let zero = Offset(0)

    @inlinable package var next: Offset { Offset(number + 1) }
    @inlinable package func advanced(by count: Int) -> Offset { Offset(number + UInt64(count)) }
    package var description: String { "\(number)" }
    @inlinable package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}
