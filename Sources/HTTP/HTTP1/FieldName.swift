/// The field names that decide something on the way through a server or proxy of ours. All others are `other`.
package enum FieldName: UInt8, Sendable {
    case other
    case host, contentLength, transferEncoding, expect, contentType, origin, accept
    case ifMatch, ifNoneMatch, authorization, date, server, retryAfter
    // Meant for the next hop only (RFC 9110 §7.6.1).
    case connection, keepAlive, proxyConnection, te, trailer, upgrade, proxyAuthenticate, proxyAuthorization
    case traceParent, traceState
    case requestID, forwarded, forwardedFor, forwardedHost, forwardedProto
    case clientKey, accessControlRequestHeaders
    case accessControlAllowOrigin, accessControlAllowCredentials, accessControlExposeHeaders, vary
    /// Begins with `x-bunbase-` or `x-bundoc-`, `_` and `-` being equal; only the front may set these.
    case reserved
    // Those of `reserved` that instances read.
    case token, project, bunbaseRequestID

    /// By the number: the standard library's own goes through a witness table.
    @inlinable package static func == (a: FieldName, b: FieldName) -> Bool {
        unsafeBitCast(a, to: UInt8.self) == unsafeBitCast(b, to: UInt8.self)
    }

    /// Whether a proxy must not pass the field on.
    package var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .te, .trailer, .upgrade, .proxyAuthenticate,
            .proxyAuthorization,
            .transferEncoding:
            true
        default: false
        }
    }

    /// Whether a client's field must not reach an instance: it is ours to say.
    package var isReserved: Bool {
        switch self {
        case .reserved, .token, .project, .bunbaseRequestID, .clientKey: true
        default: false
        }
    }

    package init(_ name: UnsafeRawBufferPointer) {
        self = Self.known(name)
        if self == .other, Self.isReserved(name) { self = .reserved }
    }

    /// By length, so that a name is compared with few others.
    private static func known(_ name: UnsafeRawBufferPointer) -> FieldName {
        guard let bytes = name.baseAddress else { return .other }
        func whether(_ text: StaticString, _ field: FieldName) -> FieldName? {
            WordScan.isName(bytes, text) ? field : nil
        }
        switch name.count {
        case 2: return whether("te", .te) ?? .other
        case 4: return whether("host", .host) ?? whether("date", .date) ?? whether("vary", .vary) ?? .other
        case 6:
            return whether("accept", .accept) ?? whether("origin", .origin) ?? whether("server", .server)
                ?? whether("expect", .expect) ?? .other
        case 7: return whether("upgrade", .upgrade) ?? whether("trailer", .trailer) ?? .other
        case 8: return whether("if-match", .ifMatch) ?? .other
        case 9: return whether("forwarded", .forwarded) ?? .other
        case 10:
            return whether("connection", .connection) ?? whether("keep-alive", .keepAlive)
                ?? whether("tracestate", .traceState) ?? .other
        case 11: return whether("retry-after", .retryAfter) ?? whether("traceparent", .traceParent) ?? .other
        case 12: return whether("content-type", .contentType) ?? whether("x-request-id", .requestID) ?? .other
        case 13:
            return whether("authorization", .authorization) ?? whether("if-none-match", .ifNoneMatch) ?? .other
        case 14: return whether("content-length", .contentLength) ?? .other
        case 15: return whether("x-forwarded-for", .forwardedFor) ?? whether("x-bunbase-token", .token) ?? .other
        case 16:
            return whether("proxy-connection", .proxyConnection) ?? whether("x-forwarded-host", .forwardedHost)
                ?? .other
        case 17:
            return whether("transfer-encoding", .transferEncoding) ?? whether("x-bunbase-project", .project)
                ?? whether("x-forwarded-proto", .forwardedProto) ?? .other
        case 18: return whether("proxy-authenticate", .proxyAuthenticate) ?? .other
        case 19: return whether("proxy-authorization", .proxyAuthorization) ?? .other
        case 20:
            return whether("x-bunbase-client-key", .clientKey) ?? whether("x-bunbase-request-id", .bunbaseRequestID)
                ?? .other
        case 27: return whether("access-control-allow-origin", .accessControlAllowOrigin) ?? .other
        case 29: return whether("access-control-expose-headers", .accessControlExposeHeaders) ?? .other
        case 30: return whether("access-control-request-headers", .accessControlRequestHeaders) ?? .other
        case 32: return whether("access-control-allow-credentials", .accessControlAllowCredentials) ?? .other
        default: return .other
        }
    }

    /// A CGI-like gateway maps `_` to `-`, so a client could smuggle our fields past a plain comparison.
    private static func isReserved(_ name: UnsafeRawBufferPointer) -> Bool {
        guard name.count >= 9, name[0] | 0x20 == UInt8(ascii: "x") else { return false }
        return hasPrefix(name, "x-bunbase-") || hasPrefix(name, "x-bundoc-")
    }

    private static func hasPrefix(_ name: UnsafeRawBufferPointer, _ prefix: StaticString) -> Bool {
        guard name.count >= prefix.utf8CodeUnitCount else { return false }
        for index in 0..<prefix.utf8CodeUnitCount {
            let byte = name[index] == UInt8(ascii: "_") ? UInt8(ascii: "-") : name[index].lowercasedASCII
            guard byte == prefix.utf8Start[index] else { return false }
        }
        return true
    }
}
