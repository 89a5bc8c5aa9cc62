import HTTP

/// The field `traceparent` of W3C Trace Context (Recommendation of 2021-11-23, §3.2): which trace a request belongs
/// to, and which step of it asked.
package enum TraceContext {
    /// Bytes of a field of version 00.
    package static let length = 55

    /// Whether a client's field may be passed on: of a version other than ff, with the parts in lower-case hex and
    /// neither id all zero. A later version may be longer, behind another `-`.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= length, isHex(bytes, 0, 2), isHex(bytes, 3, 35), isHex(bytes, 36, 52),
            isHex(bytes, 53, 55), bytes[2] == dash, bytes[35] == dash, bytes[52] == dash
        else { return false }
        let isFirst = bytes[0] == zero && bytes[1] == zero
        guard bytes.count == length || (!isFirst && bytes[55] == dash) else { return false }
        guard bytes[0] != UInt8(ascii: "f") || bytes[1] != UInt8(ascii: "f") else { return false }
        return bytes[3..<35].contains { $0 != zero } && bytes[36..<52].contains { $0 != zero }
    }

    /// Writes a field's value that begins a trace here: not sampled, so that whoever samples decides further on.
    ///
    /// - Parameters:
    ///   - trace: random; not both zero.
    ///   - parent: random; not zero.
    package static func append(trace: (UInt64, UInt64), parent: UInt64, to output: OutputBuffer) {
        output.append("00-" as StaticString)
        output.append(digits: trace.0)
        output.append(digits: trace.1)
        output.append(dash)
        output.append(digits: parent)
        output.append("-00" as StaticString)
    }

    private static let dash = UInt8(ascii: "-")
    private static let zero = UInt8(ascii: "0")

    private static func isHex(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        for index in start..<end {
            let byte = bytes[index]
            guard (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) else { return false }
        }
        return true
    }
}
