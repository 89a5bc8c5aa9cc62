import Contracts
import HTTP
import Nouns

/// The head that an instance gets for a client's request: hop-by-hop and reserved fields taken out, ours put in.
package enum RequestForwarding {
    /// What the front knows about the request.
    package struct Context {
        package var match: RouteTable.Match
        package var project: ProjectID
        package var requestID: String
        /// The client's address.
        package var client: String
        /// In place of the request's own query, when that held the key.
        package var strippedQuery: [UInt8]?

        package init(
            match: RouteTable.Match, project: ProjectID, requestID: String, client: String, strippedQuery: [UInt8]?
        ) {
            (self.match, self.project, self.requestID) = (match, project, requestID)
            (self.client, self.strippedQuery) = (client, strippedQuery)
        }
    }

    /// Writes the head without its end: `appendEnd` follows once the endpoint is known.
    package static func append(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ context: Context, to output: inout [UInt8]
    ) {
        output += bytes[head.methodName]
        output.append(UInt8(ascii: " "))
        context.match.appendPath(context.project, bytes, to: &output)
        if let query = context.strippedQuery {
            if !query.isEmpty {
                output.append(UInt8(ascii: "?"))
                output += query
            }
        } else if let query = head.query {
            output.append(UInt8(ascii: "?"))
            output += bytes[query]
        }
        output.append(" HTTP/1.1\r\n" as StaticString)
        appendHost(head, bytes, to: &output)
        appendFields(head, bytes, to: &output)
        if head.framing != .none || head.fields.contains(.contentLength) {
            HeadWriter.framing(head.framing, status: 200, to: &output)
        }
        HeadWriter.field("x-bunbase-project", context.project.text, to: &output)
        HeadWriter.field("x-bunbase-request-id", context.requestID, to: &output)
        HeadWriter.field("x-forwarded-for", context.client, to: &output)
        HeadWriter.field("x-forwarded-proto", "http" as StaticString, to: &output)
    }

    /// Writes the rest of a head: the token that the endpoint demands, and the empty line.
    package static func appendEnd(_ endpoint: Endpoint, to output: inout [UInt8]) {
        if let token = endpoint.token { HeadWriter.field("x-bunbase-token", token.hex, to: &output) }
        HeadWriter.end(&output)
    }

    private static func appendHost(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]
    ) {
        guard let host = head.authority ?? head.fields.first(.host), !host.isEmpty else {
            HeadWriter.field("host", "localhost" as StaticString, to: &output)
            return
        }
        HeadWriter.field("host", bytes[host], to: &output)
        HeadWriter.field("x-forwarded-host", bytes[host], to: &output)
    }

    private static func appendFields(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]
    ) {
        let hasNominees = head.connection.contains(.namesFields)
        for line in head.fields.lines {
            if line.kind.isHopByHop || line.kind.isReserved { continue }
            switch line.kind {
            // Written by us, or answered by us.
            case .host, .contentLength, .expect, .requestID, .forwarded, .forwardedFor, .forwardedHost, .forwardedProto:
                continue
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
