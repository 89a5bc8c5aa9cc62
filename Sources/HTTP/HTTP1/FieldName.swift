/// The field names that decide something on the way through a server or proxy of ours. All others are `other`.
package enum FieldName: UInt8, Sendable {
    case other
    case host, contentLength, transferEncoding, expect, contentType, origin, accept
    case ifMatch, ifNoneMatch, authorization, date, server, retryAfter
    // Meant for the next hop only (RFC 9110 §7.6.1).
    case connection, keepAlive, proxyConnection, te, trailer, upgrade, proxyAuthenticate, proxyAuthorization
    case requestID, forwarded, forwardedFor, forwardedHost, forwardedProto
    case clientKey, accessControlRequestHeaders
    case accessControlAllowOrigin, accessControlAllowCredentials, accessControlExposeHeaders, vary
    /// Begins with `x-bunbase-` or `x-bundoc-`, `_` and `-` being equal; only the front may set these.
    case reserved
    // Those of `reserved` that instances read.
    case token, project, bunbaseRequestID

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

    private static func known(_ name: UnsafeRawBufferPointer) -> FieldName {
        for (text, field) in candidates(length: name.count) where name.equalsIgnoringCase(text) { return field }
        return .other
    }

    private static let byLength: [[(StaticString, FieldName)]] = {
        let all: [(StaticString, FieldName)] = [
            ("te", .te), ("date", .date), ("host", .host), ("vary", .vary), ("accept", .accept), ("expect", .expect),
            ("origin", .origin), ("server", .server), ("trailer", .trailer), ("upgrade", .upgrade),
            ("if-match", .ifMatch), ("forwarded", .forwarded), ("connection", .connection),
            ("keep-alive", .keepAlive), ("retry-after", .retryAfter), ("content-type", .contentType),
            ("x-request-id", .requestID), ("authorization", .authorization), ("if-none-match", .ifNoneMatch),
            ("content-length", .contentLength), ("x-forwarded-for", .forwardedFor),
            ("x-bunbase-token", .token), ("proxy-connection", .proxyConnection), ("x-forwarded-host", .forwardedHost),
            ("x-forwarded-proto", .forwardedProto), ("transfer-encoding", .transferEncoding),
            ("x-bunbase-project", .project), ("proxy-authenticate", .proxyAuthenticate),
            ("proxy-authorization", .proxyAuthorization), ("x-bunbase-client-key", .clientKey),
            ("x-bunbase-request-id", .bunbaseRequestID),
            ("access-control-request-headers", .accessControlRequestHeaders),
            ("access-control-allow-origin", .accessControlAllowOrigin),
            ("access-control-allow-credentials", .accessControlAllowCredentials),
            ("access-control-expose-headers", .accessControlExposeHeaders),
        ]
        var table = [[(StaticString, FieldName)]](repeating: [], count: 33)
        for entry in all { table[entry.0.utf8CodeUnitCount].append(entry) }
        return table
    }()

    private static func candidates(length: Int) -> [(StaticString, FieldName)] {
        length < byLength.count ? byLength[length] : []
    }

    /// A CGI-like gateway maps `_` to `-`, so a client could smuggle our fields past a plain comparison.
    private static func isReserved(_ name: UnsafeRawBufferPointer) -> Bool {
        hasPrefix(name, "x-bunbase-") || hasPrefix(name, "x-bundoc-")
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
