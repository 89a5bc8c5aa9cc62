/// A value of one of SQLite's five storage classes.
package enum Value: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    package static func integer(_ value: Int) -> Value { .integer(Int64(value)) }

    /// NULL for nil.
    package static func text(orNull value: String?) -> Value { value.map(Value.text) ?? .null }

    /// NULL for nil.
    package static func integer(orNull value: Int64?) -> Value { value.map(Value.integer) ?? .null }
}

// Not by `nil`: a missing row would then pass for a NULL.
extension Value: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(stringLiteral value: String) { self = .text(value) }
}
