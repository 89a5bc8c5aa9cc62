import Nouns

/// Which certificate is shown for which name: an exact name wins over a wildcard, the certificate that was listed first
/// over a later one.
struct CertificateTable<Certificate> {
    private var exact: [String: Certificate] = [:]
    private var wildcards: [String: Certificate] = [:]

    mutating func add(_ certificate: Certificate, for pattern: HostPattern) {
        if pattern.isWildcard {
            if wildcards[pattern.name] == nil { wildcards[pattern.name] = certificate }
        } else if exact[pattern.name] == nil {
            exact[pattern.name] = certificate
        }
    }

    /// - Parameter name: as the client sent it, in any case, with a final dot or not.
    func certificate(for name: String) -> Certificate? {
        var name = name.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if let certificate = exact[name] { return certificate }
        // A wildcard stands for exactly one label.
        guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")), dot != name.startIndex else { return nil }
        return wildcards[String(name[name.utf8.index(after: dot)...])]
    }
}
