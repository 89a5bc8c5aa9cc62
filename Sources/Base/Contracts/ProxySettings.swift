import Nouns

/// What a front believes of the proxies before it, from the cluster file.
package struct ProxySettings: Hashable, Sendable {
    /// Ranges of one list.
    package static let rangesMax = 64

    /// What becomes of a client's `X-Forwarded-For`.
    package enum Policy: String, CaseIterable, Sendable {
        /// Only the address that the connection comes from is said.
        case replace
        /// It is said behind what the client said.
        case append
    }

    /// Whose connections begin with a header of the PROXY protocol; from nobody else is one taken.
    package var protocolFrom: [AddressRange] = []
    /// Whose `Forwarded` and `X-Forwarded-*` are believed.
    package var forwardedFrom: [AddressRange] = []
    /// For all others.
    package var forwarded = Policy.replace

    package init() {}

    /// Whether connections from there begin with a header that says whose they are.
    package func introduces(_ peer: IPAddress) -> Bool { protocolFrom.contains { $0.contains(peer) } }

    /// Whether what the fields of requests from there say of the client is believed.
    package func believes(_ peer: IPAddress) -> Bool { forwardedFrom.contains { $0.contains(peer) } }

    /// Whether nothing that a client says of itself counts or goes on.
    package var ignoresClaims: Bool { forwarded == .replace && forwardedFrom.isEmpty }

    func write(to message: inout Message) {
        message.set("PROTOCOL_FROM", protocolFrom.map(\.description).joined(separator: " "))
        message.set("FORWARDED_FROM", forwardedFrom.map(\.description).joined(separator: " "))
        message.set("FORWARDED", forwarded.rawValue)
    }

    init(reading message: Message) throws(Message.Malformed) {
        protocolFrom = try message.required("PROTOCOL_FROM") { Self.ranges($0) }
        forwardedFrom = try message.required("FORWARDED_FROM") { Self.ranges($0) }
        forwarded = try message.required("FORWARDED") { Policy(rawValue: $0) }
    }

    private static func ranges(_ text: String) -> [AddressRange]? {
        let ranges = text.split(separator: " ").map { AddressRange($0) }
        return ranges.contains(nil) ? nil : ranges.compactMap { $0 }
    }
}
