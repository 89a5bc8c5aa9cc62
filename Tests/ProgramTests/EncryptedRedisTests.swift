import Foundation
import Glibc
import Testing
import Trial

/// Redis commands over TLS, from a client that is not ours to a project's process.
@Suite(.serialized)
struct EncryptedRedisTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "rediss-\(UUID().uuidString)").path

    private func run(_ program: String, _ arguments: [String], saying text: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Array(text.utf8))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self)
    }

    @Test func `commands go through the front to the project's process, as those of other clients do`() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-keyout",
                "\(folder)/key.pem", "-out", "\(folder)/chain.pem", "-subj", "/CN=localhost",
            ])
        let port = UInt16.random(in: 32_100...32_700)
        let cluster = try TrialCluster(
            clusterFile: "tls: {certificates: [{chain: \(folder)/chain.pem, key: \(folder)/key.pem}]}\n",
            variables: ["BUNBASE_RESPS": "127.0.0.1:\(port)"])
        defer { cluster.stop() }
        let project = try cluster.createProject("p")
        let plain = try Redis(cluster, project)
        #expect(try plain.command("SET", "a", "7") == "+OK")
        let said = try run(
            "/usr/bin/openssl", ["s_client", "-quiet", "-connect", "127.0.0.1:\(port)"],
            saying: "GET a\r\nAUTH \(project.slug) \(project.key)\r\nGET a\r\nSET b 8\r\nQUIT\r\n")
        #expect(
            said == "-NOAUTH Authentication required: AUTH <project> <key>\r\n+OK\r\n$1\r\n7\r\n+OK\r\n+OK\r\n")
        #expect(try plain.command("GET", "b") == "8")
    }
}
