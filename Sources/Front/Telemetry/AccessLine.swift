import JSON
import Nouns

/// One line of the access log: a JSON object that ends with a newline.
///
/// Holds no field of the request but those named here: keys, tokens and queries do not belong into logs.
package struct AccessLine {
    /// Bytes of a path that are kept; a longer one ends with `…`.
    package static let pathMax = 512

    package var time: Timestamp
    package var requestID: String
    package var client: String
    package var method: String
    /// Without the query.
    package var path: String
    /// Nil when it is not known whose request it was.
    package var project: ProjectID?
    package var kind: Kind?
    package var outcome: Outcome

    package init(
        time: Timestamp, requestID: String, client: String, method: String, path: String, project: ProjectID?,
        kind: Kind?, outcome: Outcome
    ) {
        (self.time, self.requestID, self.client, self.method) = (time, requestID, client, method)
        (self.path, self.project, self.kind, self.outcome) = (path, project, kind, outcome)
    }

    package func append(to output: inout [UInt8]) {
        var writer = JSONWriter(capacity: 256 + min(path.utf8.count, Self.pathMax))
        writer.object {
            $0.member("time", time.text)
            $0.member("request_id", requestID)
            $0.member("client", client)
            $0.member("method", method)
            $0.member("path", Self.shortened(path))
            if let project { $0.member("project", project.text) }
            if let kind { $0.member("kind", kind.text) }
            $0.member("status", outcome.status)
            if case .front(let code) = outcome.source { $0.member("code", code) }
            $0.member("ms", Self.milliseconds(outcome.duration))
            if let wake = outcome.wake { $0.member("wake_ms", Self.milliseconds(wake)) }
            $0.member("bytes_in", outcome.bytesIn)
            $0.member("bytes_out", outcome.bytesOut)
            if outcome.retries > 0 { $0.member("retries", outcome.retries) }
        }
        output += writer.bytes
        output.append(UInt8(ascii: "\n"))
    }

    private static func shortened(_ path: String) -> String {
        guard path.utf8.count > pathMax else { return path }
        return String(decoding: path.utf8.prefix(pathMax), as: UTF8.self) + "…"
    }

    /// To the microsecond.
    private static func milliseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds / 1_000) / 1_000 }
}
