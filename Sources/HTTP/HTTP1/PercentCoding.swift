import Nouns

/// Percent-encoding of paths and queries (RFC 3986 §2.1).
package enum PercentCoding {
    /// The bytes that the text stands for.
    ///
    /// - Parameter isForm: `+` stands for a space, as in queries that forms make.
    /// - Throws: 400 when a `%` is not followed by two hexadecimal digits.
    package static func decode(_ bytes: UnsafeRawBufferPointer, isForm: Bool = false) throws(Fault) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count, let high = bytes[index + 1].hexValue, let low = bytes[index + 2].hexValue
                else { throw .percentMalformed }
                output.append(high << 4 | low)
                index += 3
            case UInt8(ascii: "+") where isForm:
                output.append(UInt8(ascii: " "))
                index += 1
            case let byte:
                output.append(byte)
                index += 1
            }
        }
        return output
    }

    /// Decodes and requires UTF-8 without NUL.
    package static func decodeText(_ bytes: UnsafeRawBufferPointer, isForm: Bool = false) throws(Fault) -> String {
        let decoded = try decode(bytes, isForm: isForm)
        guard !decoded.contains(0), let text = String(validating: decoded, as: UTF8.self) else {
            throw Fault(400, "request.text_malformed", "A part of the URL is not UTF-8 text without NUL bytes.")
        }
        return text
    }

    /// Encodes everything but RFC 3986's unreserved bytes, so that the result can be one segment of a path.
    package static func encode(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default:
                output += [UInt8(ascii: "%"), hexadecimal(byte >> 4), hexadecimal(byte & 15)]
            }
        }
        return output
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
    }
}
