import HTTP

/// What browsers are told about requests from pages of other origins (the Fetch standard, §3.2).
///
/// A request that carries a project's key, or a preflight that announces one, is answered for the origin that sent it,
/// with credentials; any other gets no permission.
package struct CrossOrigin: Sendable {
    package static let methods: StaticString = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
    package static let requestFields: StaticString =
        "Content-Type, Authorization, X-Bunbase-Client-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id"
    package static let responseFields: StaticString = "ETag, Location, Retry-After, Server-Timing, X-Request-Id"
    /// Seconds that a browser may remember a preflight's answer.
    package static let ageMax = 600

    private let origin: [UInt8]

    /// Nil when the request has no origin, or neither has nor announces a key.
    package init?(_ head: borrowing RequestHead, in bytes: UnsafeRawBufferPointer) {
        guard let origin = head.fields.first(.origin), !origin.isEmpty else { return nil }
        guard head.fields.contains(.clientKey) || Self.announcesKey(head, bytes) || Self.hasKey(head, bytes) else {
            return nil
        }
        self.origin = Array(bytes[origin])
    }

    private static func announcesKey(_ head: borrowing RequestHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var isAnnounced = false
        head.fields.forEachElement(of: .accessControlRequestHeaders, in: bytes) {
            isAnnounced = isAnnounced || $0.equalsIgnoringCase("x-bunbase-client-key")
        }
        return isAnnounced
    }

    private static func hasKey(_ head: borrowing RequestHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let query = head.query else { return false }
        return (try? Query(bytes[query]).first("key")) != nil
    }

    /// Field lines for any answer.
    package var lines: [UInt8] {
        var output: [UInt8] = []
        append(to: &output)
        return output
    }

    package func append(to output: inout [UInt8]) {
        HeadWriter.field("access-control-allow-origin", origin, to: &output)
        HeadWriter.field("access-control-allow-credentials", "true" as StaticString, to: &output)
        HeadWriter.field("access-control-expose-headers", Self.responseFields, to: &output)
        HeadWriter.field("vary", "Origin" as StaticString, to: &output)
    }

    /// Field lines that a preflight's answer has besides.
    package static func appendPreflight(to output: inout [UInt8]) {
        HeadWriter.field("access-control-allow-methods", methods, to: &output)
        HeadWriter.field("access-control-allow-headers", requestFields, to: &output)
        HeadWriter.field("access-control-max-age", ageMax, to: &output)
    }
}
