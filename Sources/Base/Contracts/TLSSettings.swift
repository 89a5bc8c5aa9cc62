import Nouns

/// How a front speaks TLS, from the cluster file. The files themselves are opened
/// by the supervisor and read by the front.
package struct TLSSettings: Hashable, Sendable {
    /// Certificates of one cluster.
    package static let certificatesMax = 1_000
    /// Patterns of one certificate.
    package static let hostsMax = 100

    package struct Certificate: Hashable, Sendable {
        /// A PEM file: the certificate, then those that lead to its root.
        package var chain: String
        /// A PEM file with the certificate's private key, not encrypted.
        package var key: String
        /// Which names it is shown for; none: those that it says itself.
        package var hosts: [HostPattern]

        package init(chain: String, key: String, hosts: [HostPattern]) {
            (self.chain, self.key, self.hosts) = (chain, key, hosts)
        }
    }

    /// What a client gets that asks for a name without certificate, or for none.
    package enum Fallback: String, CaseIterable, Sendable {
        /// The first certificate of the list.
        case first
        /// No handshake.
        case refuse
    }

    package enum Version: String, CaseIterable, Sendable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    package var certificates: [Certificate] = []
    package var fallback = Fallback.first
    package var minimumVersion = Version.tls12
    /// From a connection's first byte to the end of its handshake; longer is cut off.
    package var handshakeTimeout = Duration.seconds(10)
    /// Handshakes under way at once on one loop; further connections are closed.
    package var handshakesMax = 512

    package init() {}

    func write(to message: inout Message) {
        message.set("FALLBACK", fallback.rawValue)
        message.set("MINIMUM_VERSION", minimumVersion.rawValue)
        message.set("HANDSHAKE_MS", handshakeTimeout.millisecondsRoundedUp)
        message.set("HANDSHAKES_MAX", handshakesMax)
    }

    /// All but the certificates, which come one by one.
    init(reading message: Message) throws(Message.Malformed) {
        fallback = try message.required("FALLBACK") { Fallback(rawValue: $0) }
        minimumVersion = try message.required("MINIMUM_VERSION") { Version(rawValue: $0) }
        handshakeTimeout = try message.milliseconds("HANDSHAKE_MS")
        handshakesMax = try message.required("HANDSHAKES_MAX") { Int($0) }
    }
}

extension TLSSettings.Certificate {
    func write(to message: inout Message) {
        message.set("CHAIN", chain)
        message.set("KEY", key)
        message.set("HOSTS", hosts.map(\.description).joined(separator: " "))
    }

    init(reading message: Message) throws(Message.Malformed) {
        (chain, key) = (try message.required("CHAIN"), try message.required("KEY"))
        hosts = try message.required("HOSTS") { text in
            let hosts = text.split(separator: " ").map { HostPattern($0) }
            return hosts.contains(nil) ? nil : hosts.compactMap { $0 }
        }
    }
}
