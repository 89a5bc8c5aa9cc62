extension JSONParser {
    /// The largest significand and the largest power of ten that a double holds exactly: with both, one multiplication
    /// or division gives the nearest double (Clinger, "How to read floating point numbers accurately", 1990).
    private static let significandMax: UInt64 = 1 << 53
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
        1e19,
        1e20, 1e21, 1e22,
    ]
    /// A normal double prints back every decimal of so many digits.
    private static let digitsKeptAlways = 15

    /// Reads a number; its first byte is at hand.
    mutating func number() throws(Malformed) -> JSONValue {
        let start = offset
        let numeral = try numeral()
        if numeral.isInteger, let value = numeral.integer { return .integer(value) }
        let text = UnsafeBufferPointer(rebasing: bytes[start..<offset])
        return Self.real(numeral, text)
    }

    private static func real(_ numeral: Numeral, _ text: UnsafeBufferPointer<UInt8>) -> JSONValue {
        if let significand = numeral.significand, significand <= significandMax,
            abs(numeral.exponent) < powers.count, numeral.digits <= digitsKeptAlways
        {
            let magnitude = Double(significand)
            let value =
                numeral.exponent < 0
                ? magnitude / powers[-numeral.exponent] : magnitude * powers[numeral.exponent]
            return .double(numeral.isNegative ? -value : value)
        }
        let string = String(decoding: text, as: UTF8.self)
        guard let value = Double(string), value.isFinite else { return .decimal(string) }
        return Decimal(string) == Decimal(value.description) ? .double(value) : .decimal(string)
    }

    private mutating func numeral() throws(Malformed) -> Numeral {
        var numeral = Numeral()
        if next == UInt8(ascii: "-") {
            numeral.isNegative = true
            offset += 1
        }
        if next == UInt8(ascii: "0") {
            offset += 1
            if let byte = next, Self.isDigit(byte) { throw malformed("a number with a leading zero") }
        } else {
            try digits { numeral.append($0) }
        }
        if next == UInt8(ascii: ".") {
            offset += 1
            numeral.isInteger = false
            try digits {
                numeral.append($0)
                numeral.exponent -= 1
            }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            numeral.isInteger = false
            let isNegative = next == UInt8(ascii: "-")
            if isNegative || next == UInt8(ascii: "+") { offset += 1 }
            var exponent = 0
            try digits { exponent = min(100_000, exponent * 10 + Int($0)) }
            numeral.exponent += isNegative ? -exponent : exponent
        }
        return numeral
    }

    /// Takes one digit or more.
    private mutating func digits(_ take: (UInt8) -> Void) throws(Malformed) {
        guard let byte = next, Self.isDigit(byte) else { throw malformed("expected a digit") }
        while let byte = next, Self.isDigit(byte) {
            take(byte - UInt8(ascii: "0"))
            offset += 1
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}

/// A number's parts as far as they fit into words.
private struct Numeral {
    var isNegative = false
    /// Without fraction and exponent.
    var isInteger = true
    /// All digits as one integer; nil when a word does not hold it.
    var significand: UInt64? = 0
    /// Digits of the significand, without leading zeros.
    var digits = 0
    /// Of ten, for the significand.
    var exponent = 0

    mutating func append(_ digit: UInt8) {
        if digits > 0 || digit > 0 { digits += 1 }
        guard let value = significand else { return }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
        significand = overflow || carry ? nil : sum
    }

    /// Nil beyond an `Int64`, and for `-0`, which only a double holds.
    var integer: Int64? {
        guard let significand, !(isNegative && significand == 0) else { return nil }
        return isNegative ? Int64(exactly: -Int128(significand)) : Int64(exactly: significand)
    }
}

/// A number's value by its digits, of any length: equal for `1e2` and `100.0`.
private struct Decimal: Equatable {
    var isNegative = false
    /// Without zeros at either end.
    var digits: [UInt8] = []
    var exponent = 0

    init(_ text: String) {
        var hasPoint = false
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): hasPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                if rest.first == UInt8(ascii: "+") { rest.removeFirst() }
                // Beyond this nothing equals a finite double's digits.
                exponent += Int(Substring(rest)) ?? 1_000_000
                rest = rest.suffix(0)
            default:
                if hasPoint { exponent -= 1 }
                if byte != UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte) }
            }
        }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        if digits.isEmpty { exponent = 0 }
    }
}
