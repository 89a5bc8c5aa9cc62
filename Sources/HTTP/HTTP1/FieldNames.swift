/// A set of the field names that decide something; `other` stands for all the rest.
package struct FieldNames: Sendable {
    private var bits: UInt64

    package init(_ names: FieldName...) { bits = names.reduce(0) { $0 | 1 << UInt64($1.rawValue) } }

    private init(bits: UInt64) { self.bits = bits }

    /// What a proxy must not pass on, and what only it may say.
    package static let ours = FieldNames(
        bits: (UInt8(0)..<64).reduce(UInt64(0)) { bits, number in
            guard let name = FieldName(rawValue: number), name.isHopByHop || name.isReserved else { return bits }
            return bits | 1 << UInt64(number)
        })

    @inline(__always)
    package func contains(_ name: FieldName) -> Bool { bits >> UInt64(name.rawValue) & 1 == 1 }

    package func union(_ other: FieldNames) -> FieldNames { FieldNames(bits: bits | other.bits) }

    package static func |= (names: inout FieldNames, name: FieldName) { names.bits |= 1 << UInt64(name.rawValue) }

    /// All but these.
    package var inverted: FieldNames { FieldNames(bits: ~bits) }
}
