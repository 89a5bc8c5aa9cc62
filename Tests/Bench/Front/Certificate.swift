import Trial

/// A certificate with its key, as files.
struct Certificate {
    var chain: String
    var key: String

    /// Signed by itself, with a P-256 key.
    init(in directory: String) throws {
        (chain, key) = (directory + "/chain.pem", directory + "/key.pem")
        let output = try BunderBench.output(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-keyout", key, "-out", chain,
            ])
        guard (try? BunderBench.output("test", ["-s", chain])) != nil else { throw TrialCluster.Failure(output) }
    }
}
