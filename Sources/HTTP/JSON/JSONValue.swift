/// A JSON text as a tree (RFC 8259).
///
/// Objects keep the order of their members. A number is an `integer` where an `Int64` holds it, else a `double` where
/// that prints back to the same value, else its own text: no number changes by being read and written.
/// Two values are equal when they would be written alike; so `1` and `1.0` differ, and members in another order do.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Finite; what is not is written as `null`.
    case double(Double)
    /// A number that neither of the two holds, in the form of RFC 8259.
    case decimal(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Why a text is not JSON, and where.
    package struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        /// From the text's first byte.
        package let offset: Int
        /// Without the text's own words, so that it may be logged: `expected a colon`.
        package let reason: String

        package init(_ reason: String, at offset: Int) { (self.reason, self.offset) = (reason, offset) }

        package var description: String { "\(reason) at byte \(offset)" }
    }

    /// How deep arrays and objects may lie in each other.
    package static let depthMax = 64
}

extension JSONValue {
    package var isNull: Bool { self == .null }

    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    package var string: String? { if case .string(let value) = self { value } else { nil } }

    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// A number without a fraction that an `Int64` holds, also one written as `3.0` or `3e0`.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    package var int: Int? { integer.flatMap { Int(exactly: $0) } }

    /// Any number, as the nearest double.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        case .decimal(let text): Double(text)
        default: nil
        }
    }

    /// A member of an object; nil when there is none of that name, or this is no object.
    package subscript(_ name: String) -> JSONValue? { object?[name] }

    /// An element of an array; nil outside its bounds, or when this is no array.
    package subscript(_ index: Int) -> JSONValue? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}
