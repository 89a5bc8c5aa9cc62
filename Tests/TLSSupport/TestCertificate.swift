import Foundation

/// A self-signed certificate and its key, in files of a directory that goes with it.
package final class TestCertificate: Sendable {
    package let directory: URL
    package var chain: String { directory.appending(path: "chain.pem").path }
    package var key: String { directory.appending(path: "key.pem").path }

    package struct Failure: Error { let reason: String }

    /// - Parameters:
    ///   - names: alternative names, the first being the subject too.
    ///   - days: how long it is valid.
    package init(_ names: [String], algorithm: String = "ec", days: Int = 2) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "certificate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try make(names, algorithm: algorithm, days: days)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Puts another certificate and key into the same files.
    package func renew(_ names: [String], algorithm: String = "ec", days: Int = 2) throws {
        try make(names, algorithm: algorithm, days: days)
    }

    private func make(_ names: [String], algorithm: String, days: Int) throws {
        let form = algorithm == "ec" ? ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["rsa:2048"]
        let alternatives = names.map { "DNS:\($0)" }.joined(separator: ",")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments =
            ["req", "-x509", "-newkey"] + form + [
                "-nodes", "-keyout", key, "-out", chain, "-days", "\(days)", "-subj", "/CN=\(names[0])", "-addext",
                "subjectAltName=\(alternatives)",
            ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(reason: "openssl made no certificate") }
    }
}
