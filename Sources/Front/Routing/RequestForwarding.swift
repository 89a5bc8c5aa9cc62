import Contracts
import HTTP
import Nouns
import Telemetry

/// The head that an instance gets for a client's request: hop-by-hop and reserved fields taken out, ours put in.
package enum RequestForwarding {
    /// What an instance is never told in the client's words: it is written by us, answered by us, or ours to say.
    private static let left = FieldNames(
        .host, .contentLength, .expect, .requestID, .forwarded, .forwardedFor, .forwardedHost, .forwardedProto
    ).union(.ours)

    /// Writes the head without its end: `appendEnd` follows once the endpoint is known.
    ///
    /// - Parameter trace: begins a trace where the client has none; random.
    package static func append(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ passed: Gate.Passed, _ requestID: RequestID,
        _ forwarding: Forwarding, trace: UInt64, to output: OutputBuffer
    ) {
        output.append(bytes[head.methodName])
        output.append(" " as StaticString)
        passed.match.appendPath(passed.entry, bytes, to: output)
        if let query = passed.strippedQuery {
            if !query.isEmpty {
                output.append("?" as StaticString)
                output.append(query)
            }
        } else if let query = head.query {
            output.append("?" as StaticString)
            output.append(bytes[query])
        }
        appendHost(head, bytes, forwarding, to: output)
        var left = left
        if !hasTrace(head, bytes) {
            appendTrace(trace, to: output)
            left |= .traceParent
            left |= .traceState
        }
        if passed.hidesAuthorization { left |= .authorization }
        head.fields.append(
            bytes, end: head.length - 2, to: output, without: left, nominees: head.connection.contains(.namesFields))
        if passed.upgrades, let name = head.fields.first(.upgrade) {
            output.append("connection: upgrade\r\nupgrade: " as StaticString)
            output.append(bytes[name])
            output.append("\r\n" as StaticString)
        }
        if head.framing != .none || head.fields.contains(.contentLength) {
            output.append(framing: head.framing, status: 200)
        }
        output.append(passed.entry.fields)
        passed.identity.append(to: output)
        output.append("x-bunbase-request-id: " as StaticString)
        requestID.append(to: output)
        output.append("\r\n" as StaticString)
        forwarding.append(to: output)
    }

    /// Writes the rest of a head: the token that the endpoint demands, and the empty line.
    package static func appendEnd(_ use: LeaseBook.Use, to output: OutputBuffer) { output.append(use.headEnd) }

    private static func appendHost(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ forwarding: Forwarding, to output: OutputBuffer
    ) {
        guard let host = head.authority ?? head.fields.first(.host), !host.isEmpty else {
            return output.append(" HTTP/1.1\r\nhost: localhost\r\n" as StaticString)
        }
        output.append(" HTTP/1.1\r\nhost: " as StaticString)
        output.append(bytes[host])
        output.append("\r\nx-forwarded-host: " as StaticString)
        if let asked = forwarding.host { output.append(asked) } else { output.append(bytes[host]) }
        output.append("\r\n" as StaticString)
    }

    /// Whether the client's trace goes on: its form is right (W3C Trace Context §4.3).
    private static func hasTrace(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let parent = head.fields.first(.traceParent) else { return false }
        return head.fields.count(.traceParent) == 1 && TraceContext.isValid(bytes[parent])
    }

    private static func appendTrace(_ seed: UInt64, to output: OutputBuffer) {
        var source = SplitMix64(seed: seed)
        output.append("traceparent: " as StaticString)
        // Neither id may be zero.
        TraceContext.append(trace: (source.next(), source.next() | 1), parent: source.next() | 1, to: output)
        output.append("\r\n" as StaticString)
    }
}
