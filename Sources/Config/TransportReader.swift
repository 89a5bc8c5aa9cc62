import Contracts
import Nouns
import Yams

/// Reads what the cluster file says about the ways to the front: TLS, HTTP/2, and proxies before it.
struct TransportReader {
    let findings: Findings
    /// Absolute; where the file's relative paths begin.
    let fileDirectory: String

    func readTLS(from section: Section) -> TLSSettings {
        var (section, tls) = (section, TLSSettings())
        tls.minimumVersion = section.value("minimum_version", .word, default: tls.minimumVersion)
        tls.fallback = section.value("fallback", .word, default: tls.fallback)
        let waits = Form.duration(.milliseconds(10) ... .seconds(3600))
        tls.handshakeTimeout = section.value("handshake_timeout", waits, default: tls.handshakeTimeout)
        tls.handshakesMax = section.value("handshakes_max", .count(1...1_000_000), default: tls.handshakesMax)
        findings.note("tls.certificates", fallback: "[]")
        for item in section.list("certificates", max: TLSSettings.certificatesMax) ?? [] {
            guard item.node.mapping != nil else {
                findings.refuse(item.path, item.node, allowed: "a mapping with chain and key")
                continue
            }
            var files = Section(item.node, path: item.path, findings: findings)
            let chain = files.required("chain", path)
            let key = files.required("key", path)
            let hosts = files.values("hosts", .host, max: TLSSettings.hostsMax, default: [])
            files.finish()
            if let chain, let key { tls.certificates.append(.init(chain: chain, key: key, hosts: hosts)) }
        }
        section.finish()
        return tls
    }

    func readHTTP2(from section: Section) -> HTTP2Settings {
        var (section, http2) = (section, HTTP2Settings())
        http2.isEnabled = section.value("enabled", .flag, default: http2.isEnabled)
        http2.streamsMax = section.value("streams_max", .count(1...10_000), default: http2.streamsMax)
        // What RFC 9113 begins with, and the most that it allows, in full kibibytes.
        http2.streamWindow = section.value("stream_window", .size(65_536...1 << 30), default: http2.streamWindow)
        http2.connectionWindow = section.value(
            "connection_window", .size(65_536...1 << 30), default: http2.connectionWindow)
        http2.resetsPerSecond = section.value("resets_per_second", .count(1...100_000), default: http2.resetsPerSecond)
        section.finish()
        return http2
    }

    func readProxies(from front: inout Section) -> ProxySettings {
        var proxies = ProxySettings()
        var header = front.section("proxy_protocol")
        proxies.protocolFrom = header.values("from", .addressRange, max: ProxySettings.rangesMax, default: [])
        header.finish()
        var forwarded = front.section("forwarded")
        proxies.forwarded = forwarded.value("policy", .word, default: proxies.forwarded)
        proxies.forwardedFrom = forwarded.values("from", .addressRange, max: ProxySettings.rangesMax, default: [])
        forwarded.finish()
        return proxies
    }

    private var path: Form<String> {
        let directory = fileDirectory
        return Form(allowed: "the path of a PEM file, of 1 to 1024 bytes") { text in
            guard (1...1024).contains(text.utf8.count), !text.utf8.contains(where: { $0 < 32 }) else { return nil }
            return ClusterReader.normalized(text.hasPrefix("/") ? text : directory + "/" + text)
        } show: {
            $0
        }
    }
}

extension Form where Value == HostPattern {
    static var host: Form {
        Form(allowed: "a host name like api.example.com or *.example.com") {
            HostPattern($0)
        } show: {
            $0.description
        }
    }
}

extension Form where Value == AddressRange {
    static var addressRange: Form {
        Form(allowed: "an address or the first address of a range, like 10.0.0.0/8 or 2001:db8::/32") {
            AddressRange($0)
        } show: {
            $0.description
        }
    }
}
