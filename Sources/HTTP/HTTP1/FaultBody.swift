import Nouns

/// The JSON text in which every error of ours leaves:
/// `{"error":"…","code":"…","party":"client|instance|cluster","retry_after":41,"request_id":"…"}`.
package enum FaultBody {
    /// - Parameter requestID: left out when empty.
    package static func bytes(_ fault: Fault, requestID: String = "") -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(128 + fault.message.utf8.count)
        output.append("{\"error\":" as StaticString)
        append(fault.message, to: &output)
        output.append(",\"code\":" as StaticString)
        append(fault.code, to: &output)
        output.append(",\"party\":" as StaticString)
        append(fault.party.rawValue, to: &output)
        if let seconds = retryAfterSeconds(fault) {
            output.append(",\"retry_after\":" as StaticString)
            output.append(decimal: seconds)
        }
        if !requestID.isEmpty {
            output.append(",\"request_id\":" as StaticString)
            append(requestID, to: &output)
        }
        output.append(UInt8(ascii: "}"))
        return output
    }

    /// What `Retry-After` says: whole seconds, rounded up, at least 1.
    package static func retryAfterSeconds(_ fault: Fault) -> Int? {
        fault.retryAfter.map { max(1, Int(($0.millisecondsRoundedUp + 999) / 1000)) }
    }

    /// A whole answer: head and body.
    ///
    /// - Parameter extra: whole field lines, each with its CR LF.
    package static func response(
        _ fault: Fault, requestID: String = "", isHead: Bool = false, closes: Bool, extra: [UInt8] = []
    ) -> [UInt8] {
        let body = bytes(fault, requestID: requestID)
        var output: [UInt8] = []
        output.reserveCapacity(256 + body.count + extra.count)
        HeadWriter.status(fault.status, to: &output)
        HeadWriter.field("content-type", "application/json" as StaticString, to: &output)
        HeadWriter.field("content-length", body.count, to: &output)
        if let seconds = retryAfterSeconds(fault) { HeadWriter.field("retry-after", seconds, to: &output) }
        if !requestID.isEmpty { HeadWriter.field("x-request-id", requestID, to: &output) }
        if closes { HeadWriter.field("connection", "close" as StaticString, to: &output) }
        output += extra
        HeadWriter.end(&output)
        if !isHead { output += body }
        return output
    }

    /// A JSON string (RFC 8259 §7), quotes included.
    static func append(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output.append("\\\"" as StaticString)
            case UInt8(ascii: "\\"): output.append("\\\\" as StaticString)
            case 0x0A: output.append("\\n" as StaticString)
            case 0..<0x20:
                output.append("\\u00" as StaticString)
                output.append(UInt8(ascii: byte < 16 ? "0" : "1"))
                output.append(hexadecimal: Int(byte & 15))
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
