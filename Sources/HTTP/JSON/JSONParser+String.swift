extension JSONParser {
    /// Reads a string; the opening quote is at hand.
    mutating func string() throws(Malformed) -> String {
        let start = offset + 1
        offset = start
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                let text = try utf8(bytes[start..<offset], at: start)
                offset += 1
                return text
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw malformed("a control character in a string")
            default: offset += 1
            }
        }
        throw malformed("expected a closing quote")
    }

    /// Goes on at the first backslash of a string that began at `start`.
    private mutating func escapedString(from start: Int) throws(Malformed) -> String {
        var text = Array(bytes[start..<offset])
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw Malformed("a string that is not valid UTF-8", at: start)
                }
                offset += 1
                return string
            case UInt8(ascii: "\\"): try appendEscape(to: &text)
            case 0..<0x20: throw malformed("a control character in a string")
            default:
                text.append(byte)
                offset += 1
            }
        }
        throw malformed("expected a closing quote")
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(Malformed) {
        let start = offset
        offset += 1
        guard let letter = next else { throw malformed("expected an escape") }
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += UTF8.encode(try scalar(from: start))!
        default: throw Malformed("an unknown escape", at: start)
        }
    }

    /// What `\uXXXX`, or a pair of them for a character beyond U+FFFF, stands for.
    private mutating func scalar(from start: Int) throws(Malformed) -> Unicode.Scalar {
        let first = try hexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        // `first` is a surrogate: only a high one with a low one behind it is a character.
        guard first < 0xDC00, next == UInt8(ascii: "\\"), offset + 1 < bytes.count,
            bytes[offset + 1] == UInt8(ascii: "u")
        else { throw Malformed("half a surrogate pair", at: start) }
        offset += 2
        let second = try hexDigits()
        guard (0xDC00...0xDFFF).contains(second) else { throw Malformed("half a surrogate pair", at: start) }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))!
    }

    private mutating func hexDigits() throws(Malformed) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Self.hexValue(byte) else {
                throw malformed("expected a hex digit")
            }
            number = number << 4 | UInt32(digit)
            offset += 1
        }
        return number
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private func utf8(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, at start: Int) throws(Malformed) -> String {
        guard let text = String(validating: UnsafeBufferPointer(rebasing: bytes), as: UTF8.self) else {
            throw Malformed("a string that is not valid UTF-8", at: start)
        }
        return text
    }
}
