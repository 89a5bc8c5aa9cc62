import Contracts
import Foundation
import Nouns
import TLS
import TLSSupport
import Testing

@Suite struct ReloadTests {
    /// The name of the certificate that a client sees.
    func shown(_ context: TLSContext, to name: String) throws -> String {
        let line = try Line(context) { $0.name = name }
        return line.shake() == .done ? line.client.certificateName : ""
    }

    @Test func `a renewed file is shown to new connections, and old connections go on`() throws {
        let certificate = try TestCertificate(["old.test"])
        let before = try TLSContext([certificate])
        let line = try Line(before)
        #expect(line.shake() == .done)
        try certificate.renew(["new.test"])
        let after = try TLSContext([certificate], previous: before)
        #expect(after.problems.isEmpty)
        #expect(try shown(after, to: "a.test") == "new.test")
        line.client.say("still here")
        #expect(line.read() == ("still here", .wait))
    }

    @Test(arguments: ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func `a broken new chain keeps the old certificate and says why`(text: String) throws {
        let certificate = try TestCertificate(["old.test"])
        let before = try TLSContext([certificate])
        try Data(text.utf8).write(to: URL(filePath: certificate.chain))
        let after = try TLSContext([certificate], previous: before)
        #expect(try shown(after, to: "old.test") == "old.test")
        try #require(after.problems.count == 1)
        #expect(after.problems[0].contains(certificate.chain) && after.problems[0].contains("stays"))
        let again = try TLSContext([certificate], previous: after)
        #expect(try shown(again, to: "old.test") == "old.test")
    }

    @Test func `a key of another certificate keeps the old one`() throws {
        let certificate = try TestCertificate(["old.test"])
        let before = try TLSContext([certificate])
        let other = try TestCertificate(["other.test"])
        try FileManager.default.removeItem(atPath: certificate.key)
        try FileManager.default.copyItem(atPath: other.key, toPath: certificate.key)
        let after = try TLSContext([certificate], previous: before)
        #expect(try shown(after, to: "old.test") == "old.test")
        #expect(after.problems[0].contains("is not the private key of"))
    }

    @Test func `a file that is broken from the start leaves the others`() throws {
        let good = try TestCertificate(["good.test"])
        let context = try TLSContext([good]) {
            $0.certificates.insert(.init(chain: "/nowhere/chain", key: "/nowhere/key", hosts: []), at: 0)
        }
        #expect(context.problems == ["/nowhere/chain cannot be read: No such file or directory"])
        #expect(try shown(context, to: "any.test") == "good.test")
        #expect(context.certificateCount == 1)
    }

    @Test func `without any certificate every handshake is refused`() throws {
        let context = try TLSContext([])
        #expect(try shown(context, to: "a.test") == "")
    }

    @Test func `an encrypted key is refused without asking anyone`() throws {
        let certificate = try TestCertificate(["old.test"])
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "ec", "-aes128", "-passout", "pass:x", "-in", certificate.key, "-out", certificate.key + "2",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let context = try TLSContext([certificate]) { $0.certificates[0].key += "2" }
        #expect(context.problems.count == 1 && context.problems[0].contains("without a passphrase"))
    }

    @Test func `what is said about a key's file holds nothing of the key`() throws {
        let certificate = try TestCertificate(["old.test"])
        let key = try String(contentsOfFile: certificate.key, encoding: .utf8)
        let lines = key.split(separator: "\n")
        try Data(lines.dropLast(2).joined(separator: "\n").utf8).write(to: URL(filePath: certificate.key))
        let context = try TLSContext([certificate])
        try #require(context.problems.count == 1)
        #expect(lines.dropFirst().dropLast().allSatisfy { !context.problems[0].contains($0) })
    }

    @Test func `a file without end is read up to a limit`() throws {
        let certificate = try TestCertificate(["old.test"])
        let context = try TLSContext([certificate]) { $0.certificates[0].chain = "/dev/zero" }
        #expect(context.problems == ["/dev/zero is longer than 1048576 bytes"])
    }
}
