import Foundation
import JSON

/// The supervisor's `/events`, read one by one.
package final class EventStream {
    private let connection: BlockingConnection

    /// Connects; what happens from now on is not missed. Each `next` waits for `patience` at most.
    package init(_ control: BlockingConnection.Address, patience: Duration = .seconds(30)) throws {
        connection = try BlockingConnection(control, patience: patience)
        try connection.send("GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        let head = String(decoding: try connection.read(until: "\r\n\r\n"), as: UTF8.self)
        guard head.hasPrefix("HTTP/1.1 200") else { throw TrialCluster.Failure("/events: \(head)") }
    }

    /// The data of the next event.
    package func next() throws -> JSONValue {
        while true {
            let line = try connection.readLine()
            if line.hasPrefix("data:") {
                return try JSONValue(parsing: line.dropFirst(5).trimmingCharacters(in: .whitespaces))
            }
        }
    }
}

extension TrialCluster {
    /// Returns when the condition holds; looks at it now and after each event.
    package func wait(
        for what: String, patience: Duration = .seconds(30), until condition: () throws -> Bool
    ) throws {
        let events = try EventStream(control, patience: patience)
        let end = ContinuousClock.now + patience
        while try !condition() {
            guard ContinuousClock.now < end else { throw Failure("waited in vain for \(what)\n\(try status().text)") }
            do {
                _ = try events.next()
            } catch {
                throw Failure("waited in vain for \(what): \(error)\n\((try? status().text) ?? "")")
            }
        }
    }

    /// The observed state of an instance.
    package func observed(_ project: Project, _ kind: String) throws -> String? {
        try instance(project, kind)["observed"]?.string
    }
}
