import Glibc

/// A numeric internet address and a port: `127.0.0.1:8090` or `[::1]:8090`. Names are not looked up.
package struct Address: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets.
    package let host: String
    /// 1 to 65535.
    package let port: UInt16

    /// Nil when the text is not of the form.
    package init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits), port > 0 else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard Self.isNumeric(String(host), AF_INET6) else { return nil }
        } else {
            guard Self.isNumeric(String(host), AF_INET) else { return nil }
        }
        (self.host, self.port) = (String(host), port)
    }

    package var isIPv6: Bool { host.contains(":") }
    package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only programs on this machine can reach it.
    package var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

    /// Whether it stands for all addresses of the machine.
    package var isWildcard: Bool { host == "0.0.0.0" || host == "::" }

    /// Whether both cannot be listened on at once.
    package func overlaps(_ other: Address) -> Bool {
        port == other.port && (host == other.host || isWildcard || other.isWildcard)
    }

    private static func isNumeric(_ host: String, _ family: Int32) -> Bool {
        var buffer = in6_addr()
        return withUnsafeMutableBytes(of: &buffer) { inet_pton(family, host, $0.baseAddress) } == 1
    }
}
