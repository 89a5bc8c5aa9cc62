import Contracts
import HTTP
import Nouns

/// Who asks, by which way, and for which host: what `X-Forwarded-*` say to the instance (RFC 7239).
///
/// The one place that says who a request's client is: the access log, the limits of clients and the instance's fields
/// all take it from here. A connection has one that holds for all requests whose own words do not count; it is what a
/// resting connection keeps, so it is small.
package final class Forwarding: Sendable {
    /// Addresses of one list that are looked at.
    package static let hopsMax = 32

    /// The client as far as it can be believed; empty on a unix socket.
    package let client: String
    /// Who is at the connection's other end; nil for a unix socket.
    package let peer: IPAddress?
    /// Whether the client came encrypted.
    package let isSecure: Bool
    /// A believed proxy says who the client is: others come over the same connection.
    package let isShared: Bool
    /// The client for limits; nil where nobody can be told from others: on a unix socket.
    package let address: ClientAddress?
    /// Who claims to have been passed, then the peer; nil for the client alone.
    private let chain: [UInt8]?
    /// What the client asked a believed proxy for, if that said so.
    package let host: [UInt8]?

    /// What holds for a connection.
    package init(of peer: IPAddress?, isSecure: Bool) {
        (self.peer, self.isSecure) = (peer, isSecure)
        (client, address) = (peer?.description ?? "", peer.map { ClientAddress($0) })
        (isShared, chain, host) = (false, nil, nil)
    }

    /// What holds for one request of the connection.
    ///
    /// - Parameter bytes: those that the head was found in.
    package init(
        _ head: borrowing RequestHead, _ bytes: UnsafeRawBufferPointer, from origin: Forwarding,
        _ settings: ProxySettings
    ) {
        peer = origin.peer
        let isBelieved = !settings.forwardedFrom.isEmpty && origin.peer.map { settings.believes($0) } == true
        isShared = isBelieved
        guard isBelieved || settings.forwarded == .append else {
            (client, address, isSecure, chain, host) = (origin.client, origin.address, origin.isSecure, nil, nil)
            return
        }
        let said = Said(head, bytes)
        chain = said.hops.suffix(Self.hopsMax).flatMap { $0 + Array(", ".utf8) } + Array(origin.client.utf8)
        guard isBelieved else {
            (client, address, isSecure, host) = (origin.client, origin.address, origin.isSecure, nil)
            return
        }
        let last = Self.client(said.hops, settings) ?? origin.peer
        (client, address) = (last?.description ?? "", last.map { ClientAddress($0) })
        (isSecure, host) = (said.isSecure ?? origin.isSecure, said.host)
    }

    /// Writes the field lines that tell an instance who was passed, and how the client came.
    package func append(to output: OutputBuffer) {
        output.append("x-forwarded-for: " as StaticString)
        if let chain { output.append(chain) } else { output.append(client) }
        output.append("\r\nx-forwarded-proto: http" as StaticString)
        output.append(isSecure ? "s\r\n" as StaticString : "\r\n")
    }

    /// Goes back along the hops, from the last, as long as they are believed; nil when the last one is no address.
    private static func client(_ hops: [[UInt8]], _ settings: ProxySettings) -> IPAddress? {
        var client: IPAddress?
        for hop in hops.suffix(hopsMax).reversed() {
            guard let address = address(hop) else { break }
            client = address
            guard settings.believes(address) else { break }
        }
        return client
    }

    /// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`; nil for names, `unknown` and `_hidden`.
    static func address(_ hop: [UInt8]) -> IPAddress? {
        let text = String(decoding: hop, as: UTF8.self)
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return IPAddress(text[text.index(after: text.startIndex)..<end])
        }
        if let address = IPAddress(text) { return address }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? IPAddress(parts[0]) : nil
    }

    /// What the fields of a request say; `Forwarded` counts where it stands, else `X-Forwarded-*`.
    private struct Said {
        var hops: [[UInt8]] = []
        var isSecure: Bool?
        var host: [UInt8]?

        init(_ head: borrowing RequestHead, _ bytes: UnsafeRawBufferPointer) {
            guard !head.fields.contains(.forwarded) else {
                head.fields.forEachElement(of: .forwarded, in: bytes) { takeElement($0) }
                return
            }
            head.fields.forEachElement(of: .forwardedFor, in: bytes) { if Self.isHop($0) { hops.append(Array($0)) } }
            head.fields.forEachElement(of: .forwardedProto, in: bytes) { takeScheme($0) }
            head.fields.forEachElement(of: .forwardedHost, in: bytes) { takeHost($0) }
        }

        /// `for=192.0.2.1;proto=https;host=a.example`; values may stand in quotes.
        private mutating func takeElement(_ element: UnsafeRawBufferPointer) {
            for pair in element.split(separator: UInt8(ascii: ";")) {
                let pair = UnsafeRawBufferPointer(rebasing: pair)
                guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let name = pair[pair.trimmed(0, equals)]
                var value = pair[pair.trimmed(equals + 1, pair.count)]
                if value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
                    value = UnsafeRawBufferPointer(rebasing: value[1..<(value.count - 1)])
                }
                if name.equalsIgnoringCase("for") {
                    if Self.isHop(value) { hops.append(Array(value)) }
                } else if name.equalsIgnoringCase("proto") {
                    takeScheme(value)
                } else if name.equalsIgnoringCase("host") {
                    takeHost(value)
                }
            }
        }

        /// Letters, digits and what addresses are written with: nothing that could end a field or an element.
        private static func isHop(_ hop: UnsafeRawBufferPointer) -> Bool {
            (1...64).contains(hop.count)
                && hop.allSatisfy { byte in
                    byte.isToken || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
                }
        }

        private mutating func takeScheme(_ scheme: UnsafeRawBufferPointer) {
            if scheme.equalsIgnoringCase("https") { isSecure = true }
            if scheme.equalsIgnoringCase("http") { isSecure = false }
        }

        private mutating func takeHost(_ host: UnsafeRawBufferPointer) {
            if (1...255).contains(host.count), host.allSatisfy(\.isAuthority) { self.host = Array(host) }
        }
    }
}
