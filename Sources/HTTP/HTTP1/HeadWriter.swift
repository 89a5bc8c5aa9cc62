import Nouns

/// Writes heads, line by line, into bytes that a caller sends.
///
/// Values from outside cannot break out of their line: CR, LF and NUL become spaces.
package enum HeadWriter {
    package static func status(_ code: Int, to output: inout [UInt8]) {
        output.append("HTTP/1.1 " as StaticString)
        output.append(decimal: code)
        output.append(UInt8(ascii: " "))
        output.append(Status.reason(code))
        output.appendLineEnd()
    }

    /// - Parameter name: written as it is; our own are lower-case.
    package static func field(_ name: StaticString, _ value: StaticString, to output: inout [UInt8]) {
        begin(name, &output)
        output.append(value)
        output.appendLineEnd()
    }

    package static func field(_ name: StaticString, _ value: Int, to output: inout [UInt8]) {
        begin(name, &output)
        output.append(decimal: value)
        output.appendLineEnd()
    }

    package static func field(_ name: StaticString, _ value: some Sequence<UInt8>, to output: inout [UInt8]) {
        begin(name, &output)
        let start = output.count
        // In one piece where it lies in one: a generic iterator allocates for each byte.
        if value.withContiguousStorageIfAvailable({ output += $0 }) == nil { output += value }
        output.withUnsafeMutableBufferPointer { bytes in
            for index in start..<bytes.count where bytes[index] == 0 || bytes[index] == 10 || bytes[index] == 13 {
                bytes[index] = UInt8(ascii: " ")
            }
        }
        output.appendLineEnd()
    }

    package static func field(_ name: StaticString, _ value: String, to output: inout [UInt8]) {
        field(name, value.utf8, to: &output)
    }

    /// The field that says how the body ends; nothing for `untilClose`.
    ///
    /// - Parameter status: 1xx, 204 and 304 have no length.
    package static func framing(_ framing: BodyFraming, status: Int, to output: inout [UInt8]) {
        switch framing {
        case .none:
            if status >= 200, status != 204, status != 304 { field("content-length", 0, to: &output) }
        case .length(let length): field("content-length", length, to: &output)
        case .chunked: field("transfer-encoding", "chunked" as StaticString, to: &output)
        case .untilClose: break
        }
    }

    package static func end(_ output: inout [UInt8]) { output.appendLineEnd() }

    private static func begin(_ name: StaticString, _ output: inout [UInt8]) {
        output.append(name)
        output.append(": " as StaticString)
    }
}
