import Contracts
import HTTP
import Nouns
import Telemetry

/// The head that an instance gets for a client's request: hop-by-hop and reserved fields taken out, ours put in.
package enum RequestForwarding {
    /// What the front knows about the request.
    package struct Context {
        package var match: RouteTable.Match
        package var entry: ProjectEntry
        package var requestID: RequestID
        package var forwarding: Forwarding
        /// In place of the request's own query, when that held the key.
        package var strippedQuery: [UInt8]?
        /// Begins a trace where the client has none; random.
        package var trace: UInt64
        /// The wish for another protocol goes on.
        package var upgrades = false

        @inlinable package init(
            match: RouteTable.Match, entry: ProjectEntry, requestID: RequestID, forwarding: Forwarding,
            strippedQuery: [UInt8]?, trace: UInt64, upgrades: Bool = false
        ) {
            (self.match, self.entry, self.requestID) = (match, entry, requestID)
            (self.forwarding, self.strippedQuery, self.trace) = (forwarding, strippedQuery, trace)
            self.upgrades = upgrades
        }
    }

    /// Writes the head without its end: `appendEnd` follows once the endpoint is known.
    package static func append(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ context: Context, to output: OutputBuffer
    ) {
        output.append(bytes[head.methodName])
        output.append(UInt8(ascii: " "))
        context.match.appendPath(context.entry, bytes, to: output)
        if let query = context.strippedQuery {
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
            default: if line.kind.isHopByHop || line.kind.isReserved { return false }
            }
            return !hasNominees || !head.fields.isNominated(line, in: bytes)
        }
        if context.upgrades, let name = head.fields.first(.upgrade) {
            output.append("connection: upgrade\r\nupgrade: " as StaticString)
            output.append(bytes[name])
            output.append("\r\n" as StaticString)
        }
        if head.framing != .none || head.fields.contains(.contentLength) {
            output.append(framing: head.framing, status: 200)
        }
        output.append(context.entry.fields)
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
