import Contracts
import HTTP
import Nouns
import Telemetry

/// The head that an instance gets for a client's request: hop-by-hop and reserved fields taken out, ours put in.
package enum RequestForwarding {
    /// What the front knows about the request.
    package struct Context {
        package var passed: Gate.Passed
        package var requestID: RequestID
        package var forwarding: Forwarding
        /// Begins a trace where the client has none; random.
        package var trace: UInt64

        package init(_ passed: Gate.Passed, requestID: RequestID, forwarding: Forwarding, trace: UInt64) {
            (self.passed, self.requestID, self.forwarding, self.trace) = (passed, requestID, forwarding, trace)
        }
    }

    /// Writes the head without its end: `appendEnd` follows once the endpoint is known.
    package static func append(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ context: Context, to output: OutputBuffer
    ) {
        output.append(bytes[head.methodName])
        output.append(UInt8(ascii: " "))
        let passed = context.passed
        passed.match.appendPath(passed.entry, bytes, to: output)
        if let query = passed.strippedQuery {
            if !query.isEmpty {
                output.append(UInt8(ascii: "?"))
                output.append(query)
            }
        } else if let query = head.query {
            output.append(UInt8(ascii: "?"))
            output.append(bytes[query])
        }
        appendHost(head, bytes, context.forwarding, to: output)
        let isTraced = hasTrace(head, bytes)
        if !isTraced { appendTrace(context.trace, to: output) }
        let hasNominees = head.connection.contains(.namesFields)
        head.fields.append(bytes, end: head.length - 2, to: output) { line in
            switch line.kind {
            // The commonest first.
            case .other: break
            // Written by us, or answered by us.
            case .host, .contentLength, .expect, .requestID, .forwarded, .forwardedFor, .forwardedHost,
                .forwardedProto:
                return false
            case .traceParent, .traceState: if !isTraced { return false }
            case .authorization where passed.hidesAuthorization: return false
            default: if line.kind.isHopByHop || line.kind.isReserved { return false }
            }
            return !hasNominees || !head.fields.isNominated(line, in: bytes)
        }
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
        context.requestID.append(to: output)
        output.append("\r\n" as StaticString)
        output.append(context.forwarding.fields)
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
