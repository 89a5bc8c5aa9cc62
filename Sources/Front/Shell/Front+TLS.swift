import Contracts
import Linux
import Nouns
import Routing
import Service
import TLS

/// Certificates and handshakes.
extension Front {
    /// Reads the certificates' files again. What cannot be read is logged, and stays as it was.
    func readCertificates() {
        guard !settings.tls.certificates.isEmpty || tls != nil else { return }
        defer { openedFiles = [:] }
        do throws(TLSError) {
            let fresh = try TLSContext(
                settings.tls, opened: openedFiles.mapValues(\.number), tickets: tickets, previous: tls
            ) { [unowned self] in loop.now }
            tls = fresh
            onCertificates?(fresh.expiries)
            // Each loop reads for itself, but one line is enough.
            guard commons.isNews(fresh.problems) else { return }
            for problem in fresh.problems { LogLine.write(.error, "certificate not read", [("reason", problem)]) }
        } catch {
            LogLine.write(.error, "certificates not taken over", [("reason", error.reason)])
        }
    }

    /// Counts a handshake in; false when there are as many as there may be.
    func beginHandshake() -> Bool {
        guard handshakes < settings.tls.handshakesMax else { return false }
        handshakes += 1
        return true
    }

    func endHandshake() { handshakes -= 1 }
}
