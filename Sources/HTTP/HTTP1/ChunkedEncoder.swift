/// Writes a chunked body (RFC 9112 §7.1).
package enum ChunkedEncoder {
    /// The bytes that make the data up to one chunk; nothing for no data, which would end the body.
    package static func append(_ data: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard !data.isEmpty else { return }
        output.append(hexadecimal: data.count)
        output.appendLineEnd()
        output.append(contentsOf: data)
        output.appendLineEnd()
    }

    /// The end of the body.
    package static func appendEnd(to output: inout [UInt8]) { output.append("0\r\n\r\n" as StaticString) }
}

extension [UInt8] {
    package mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }

    package mutating func append(decimal number: Int) { append(number, radix: 10) }
    package mutating func append(hexadecimal number: Int) { append(number, radix: 16) }

    private mutating func append(_ number: Int, radix: UInt) {
        var rest = number.magnitude
        if number < 0 { append(UInt8(ascii: "-")) }
        let start = count
        repeat {
            let digit = UInt8(rest % radix)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            rest /= radix
        } while rest > 0
        self[start...].reverse()
    }
}
