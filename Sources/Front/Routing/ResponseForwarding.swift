import HTTP
import Nouns

/// The head that a client gets for an instance's answer.
package enum ResponseForwarding {
    /// What the front knows about the request that is answered.
    package struct Context {
        package var requestID: RequestID
        package var method: Method
        package var crossOrigin: CrossOrigin?
        /// How long the request waited for the instance to wake.
        package var wake: Duration?
        /// Of a project with a rate.
        package var rate: RateLimitFields?
        /// The connection ends with this answer.
        package var closes: Bool
        /// The client takes fields behind the body.
        package var takesTrailers = false
        /// The client asked for another protocol, and the route lets it.
        package var upgrades = false
        /// The client speaks HTTP/1.0: no chunks, no interim answers.
        package var isOld: Bool

        @inlinable package init(
            requestID: RequestID, method: Method, crossOrigin: CrossOrigin?, wake: Duration?, closes: Bool, isOld: Bool
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
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: Context, to output: OutputBuffer
    ) {
        output.append("HTTP/1.1 " as StaticString)
        output.append(decimal: head.status)
        output.append(" " as StaticString)
        output.append(bytes[head.reason])
        output.append("\r\n" as StaticString)
        appendFields(head, bytes, context, to: output)
        if !head.isInterim {
            appendFraming(head, bytes, context, to: output)
            output.append("x-request-id: " as StaticString)
            context.requestID.append(to: output)
            output.append("\r\n" as StaticString)
            if let wake = context.wake { appendWake(wake, to: output) }
            context.rate?.append(to: output)
            if let crossOrigin = context.crossOrigin { output.append(crossOrigin.lines) }
            if head.status == 101 {
                output.append("connection: upgrade\r\n" as StaticString)
                if let name = head.fields.first(.upgrade) {
                    output.append("upgrade: " as StaticString)
                    output.append(bytes[name])
                    output.append("\r\n" as StaticString)
                }
            } else if context.closes {
                output.append("connection: close\r\n" as StaticString)
            } else if context.isOld {
                output.append("connection: keep-alive\r\n" as StaticString)
            }
        }
        output.append("\r\n" as StaticString)
    }

    /// `Server-Timing: wake;dur=12.3`: milliseconds.
    package static func appendWake(_ wake: Duration, to output: OutputBuffer) {
        let tenths = Int(max(0, wake.nanoseconds) / 100_000)
        output.append("server-timing: wake;dur=" as StaticString)
        output.append(decimal: tenths / 10)
        output.append(UInt8(ascii: "."))
        output.append(decimal: tenths % 10)
        output.append("\r\n" as StaticString)
    }

    /// An answer without a body (to HEAD, or 304) says what length the body would have.
    private static func appendFraming(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: Context, to output: OutputBuffer
    ) {
        guard context.method == .head || head.status == 304 else {
            return output.append(framing: framing(of: head, isOld: context.isOld), status: head.status)
        }
        guard let length = head.fields.first(.contentLength) else { return }
        output.append("content-length: " as StaticString)
        output.append(bytes[length])
        output.append("\r\n" as StaticString)
    }

    private static func appendFields(
        _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: Context, to output: OutputBuffer
    ) {
        var left = left
        if context.crossOrigin != nil {
            left |= .accessControlAllowOrigin
            left |= .accessControlAllowCredentials
            left |= .accessControlExposeHeaders
        }
        head.fields.append(
            bytes, end: head.length - 2, to: output, without: left, nominees: head.connection.contains(.namesFields))
    }

    /// What a client is never told in the instance's words.
    private static let left = FieldNames(.contentLength, .requestID).union(.ours)
}
