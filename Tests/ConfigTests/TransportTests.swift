import Config
import Contracts
import Nouns
import Testing

@Suite struct TransportTests {
    @Test func `certificates, HTTP 2 and proxies are read`() throws {
        let file = try ClusterFileTests.parse(
            """
            addresses: {https: "127.0.0.1:8443", resps: "127.0.0.1:6380"}
            tls:
              minimum_version: 1.3
              fallback: refuse
              handshake_timeout: 3s
              handshakes_max: 7
              certificates:
                - {chain: tls/a.pem, key: /keys/a.key, hosts: [a.test, "*.a.test"]}
                - {chain: b.pem, key: b.key}
            front:
              http2:
                {enabled: false, streams_max: 5, stream_window: 1MiB, connection_window: 2MiB, resets_per_second: 9}
              proxy_protocol: {from: [10.0.0.0/8]}
              forwarded: {policy: append, from: ["::1", 192.0.2.0/24]}
            """)
        #expect(file.https?.description == "127.0.0.1:8443")
        #expect(file.tls.minimumVersion == .tls13 && file.tls.fallback == .refuse)
        #expect(file.tls.handshakeTimeout == .seconds(3) && file.tls.handshakesMax == 7)
        #expect(file.tls.certificates.map(\.key)[0] == "/keys/a.key")
        #expect(file.tls.certificates[0].chain.hasSuffix("/tls/a.pem") && file.tls.certificates[0].chain.hasPrefix("/"))
        #expect(file.tls.certificates[0].hosts.map(\.description) == ["a.test", "*.a.test"])
        #expect(file.tls.certificates[1].hosts.isEmpty)
        #expect(!file.http2.isEnabled && file.http2.streamsMax == 5 && file.http2.resetsPerSecond == 9)
        #expect(file.http2.streamWindow == 1 << 20 && file.http2.connectionWindow == 2 << 20)
        #expect(file.proxies.protocolFrom.map(\.description) == ["10.0.0.0/8"])
        #expect(file.proxies.forwarded == .append && file.proxies.forwardedFrom.count == 2)
        #expect(file.programs[.front]?.sockets["https"] == .inherited("https"))
        #expect(file.resps?.description == "127.0.0.1:6380")
        #expect(file.programs[.front]?.sockets["resps"] == .inherited("resps"))
    }

    @Test func `without them nothing is encrypted and nobody believed`() throws {
        let file = try ClusterFileTests.parse("{}")
        #expect(file.https == nil && file.resps == nil && file.tls == TLSSettings() && file.proxies == ProxySettings())
        #expect(file.programs[.front]?.sockets["https"] == nil)
    }

    @Test(arguments: [
        ("addresses: {https: \"127.0.0.1:8443\"}", "addresses.https"),
        ("addresses: {resps: \"127.0.0.1:6380\"}", "addresses.resps"),
        ("addresses: {resps: \"127.0.0.1:6379\"}\ntls: {certificates: [{chain: a, key: b}]}", "addresses.resps"),
        ("addresses: {https: \"127.0.0.1:8090\"}\ntls: {certificates: [{chain: a, key: b}]}", "addresses.https"),
        ("tls: {certificates: [{chain: a}]}", "tls.certificates[0].key"),
        ("tls: {certificates: [{chain: a, key: b, hosts: [\"*\"]}]}", "tls.certificates[0].hosts[0]"),
        (
            "tls: {certificates: [{chain: a, key: b, hosts: [x]}, {chain: c, key: d, hosts: [x]}]}",
            "tls.certificates[1].hosts[0]"
        ),
        ("tls: {minimum_version: 1.1}", "tls.minimum_version"), ("tls: {certificates: [a]}", "tls.certificates[0]"),
        ("front: {http2: {stream_window: 1KiB}}", "front.http2.stream_window"),
        ("front: {proxy_protocol: {from: [10.0.0.1/8]}}", "front.proxy_protocol.from[0]"),
        ("front: {forwarded: {policy: believe}}", "front.forwarded.policy"),
    ])
    func `what makes no sense is refused by its key`(text: String, key: String) {
        do throws(ConfigError) {
            _ = try ClusterFileTests.parse(text)
            Issue.record("taken over")
        } catch {
            #expect(error.problems.map(\.key).contains(key), "\(error)")
        }
    }
}
