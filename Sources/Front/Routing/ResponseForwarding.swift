import HTTP
import Nouns

/// The head that a client gets for an instance's answer.
package enum ResponseForwarding {
    /// What the front knows about the request that is answered.
    package struct Context {
        package var requestID: String
        package var method: Method
        package var crossOrigin: CrossOrigin?
        /// How long the request waited for the instance to wake.
        package var wake: Duration?
        /// The connection ends with this answer.
        package var closes: Bool
        /// The client speaks HTTP/1.0: no chunks, no interim answers.
        package var isOld: Bool

        package init(
            requestID: String, method: Method, crossOrigin: CrossOrigin?, wake: Duration?, closes: Bool, isOld: Bool
        ) {
            (self.requestID, self.method, self.crossOrigin) = (requestID, method, crossOrigin)
            (self.wake, self.closes, self.isOld) = (wake, closes, isOld)
        }
    }

    /// How the body goes on to the client: of unknown length in chunks, and to old clients up to the end.
    package static func framing(of head: ResponseHead, isOld: Bool) -> BodyFraming {
        switch head.framing {
        case .none, .length: head.framing
        case .chunked, .untilClose: isOld ? .untilClose : .chunked
        }
    }

    package static func append(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: Context, to output: inout [UInt8]
    ) {
        output.append("HTTP/1.1 " as StaticString)
        output.append(decimal: head.status)
        output.append(UInt8(ascii: " "))
        output += bytes[head.reason]
        output.appendLineEnd()
        appendFields(head, bytes, context, to: &output)
        if !head.isInterim {
            appendFraming(head, bytes, context, to: &output)
            HeadWriter.field("x-request-id", context.requestID, to: &output)
            if let wake = context.wake { appendWake(wake, to: &output) }
            context.crossOrigin?.append(to: &output)
            if context.closes {
                HeadWriter.field("connection", "close" as StaticString, to: &output)
            } else if context.isOld {
                HeadWriter.field("connection", "keep-alive" as StaticString, to: &output)
            }
        }
        HeadWriter.end(&output)
    }

    /// `Server-Timing: wake;dur=12.3`: milliseconds.
    package static func appendWake(_ wake: Duration, to output: inout [UInt8]) {
        let tenths = Int(max(0, wake.nanoseconds) / 100_000)
        output.append("server-timing: wake;dur=" as StaticString)
        output.append(decimal: tenths / 10)
        output.append(UInt8(ascii: "."))
        output.append(decimal: tenths % 10)
        output.appendLineEnd()
    }

    /// An answer without a body (to HEAD, or 304) says what length the body would have.
    private static func appendFraming(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: Context, to output: inout [UInt8]
    ) {
        if context.method == .head || head.status == 304 {
            if let length = head.fields.first(.contentLength) {
                HeadWriter.field("content-length", bytes[length], to: &output)
            }
        } else {
            HeadWriter.framing(framing(of: head, isOld: context.isOld), status: head.status, to: &output)
        }
    }

    private static func appendFields(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: Context, to output: inout [UInt8]
    ) {
        let hasNominees = head.connection.contains(.namesFields)
        for line in head.fields.lines {
            if line.kind.isHopByHop || line.kind.isReserved { continue }
            switch line.kind {
            case .contentLength, .requestID: continue
            case .accessControlAllowOrigin, .accessControlAllowCredentials, .accessControlExposeHeaders:
                if context.crossOrigin != nil { continue }
            default: break
            }
            if hasNominees, head.fields.isNominated(line, in: bytes) { continue }
            output += bytes[line.name]
            output.append(": " as StaticString)
            output += bytes[line.value]
            output.appendLineEnd()
        }
    }
}
