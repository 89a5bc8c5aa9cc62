import JSON
import Linux
import Nouns
import Service
import Supervision

/// Shows what happens to whoever reads `/events`.
package final class EventStreams {
    /// Readers at once; more are answered 503.
    package static let readersMax = 64

    private var ring = EventRing(after: UInt64(WallTime.nanoseconds / 1000))
    private var readers: [ObjectIdentifier: ResponseStream] = [:]

    package init() {}

    package func publish(_ report: Report, _ view: InstanceView?) { publish(report.json(view)) }

    /// What is no instance's.
    package func publish(_ message: String, _ fields: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(capacity: 256)
        writer.object {
            $0.member("time", WallClock.now)
            $0.member("message", message)
            fields(&$0)
        }
        publish(writer.bytes)
    }

    private func publish(_ data: [UInt8]) {
        let entry = ring.append(data)
        for reader in readers.values { reader.send(entry.text) }
    }

    /// Begins a stream: what was missed since `lastEventID`, 0 being all that is kept, then what comes. A reader that
    /// does not keep up is cut off; it comes back with its last id.
    package func open(_ responder: Responder, lastEventID: String?) {
        guard readers.count < Self.readersMax else {
            return responder.send(
                Fault(
                    503, "events.too_many_readers", "As many readers of events as allowed are connected; try again.",
                    party: .cluster, retryAfter: .seconds(5)))
        }
        let stream = responder.events()
        readers[ObjectIdentifier(stream)] = stream
        stream.onClose = { [weak self, weak stream] in
            guard let self, let stream else { return }
            readers[ObjectIdentifier(stream)] = nil
        }
        stream.send(Array(": events\n\n".utf8))
        guard let id = lastEventID.flatMap({ UInt64($0) }) else { return }
        let missed = ring.missed(since: id)
        if missed.hasGap, id > 0 { stream.send(event: "gap", data: Array(#"{"message":"some events are lost"}"#.utf8)) }
        for entry in missed.entries { stream.send(entry.text) }
    }

    package func close() {
        for reader in readers.values { reader.finish() }
        readers.removeAll()
    }
}

extension Report {
    /// One line; also the fields of its log record.
    package func json(_ view: InstanceView?) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.object {
            $0.member("time", WallClock.now)
            $0.member("message", phrase.rawValue)
            write(to: &$0)
            if let view {
                $0.member("desired", view.desired.rawValue)
                $0.member("observed", view.observed.rawValue)
            }
        }
        return writer.bytes
    }

    package func write(to writer: inout JSONWriter) {
        if let instance {
            writer.member("project", instance.project.text)
            writer.member("kind", instance.kind.text)
            writer.member("ordinal", instance.ordinal)
        } else if let project {
            writer.member("project", project.text)
        }
        if let incarnation { writer.member("incarnation", incarnation.number) }
        if let port { writer.member("port", port) }
        if let exit {
            if let code = exit.code { writer.member("exit_code", code) }
            if let signal = exit.signal { writer.member("exit_signal", signal) }
            writer.member("exit", exit.reason)
        }
        if let reason { writer.member("reason", reason) }
        if let nextAttempt { writer.member("next_attempt", WallClock().text(nextAttempt)) }
    }

    /// How loud it is: what someone must act on, what was handled but is not normal, what changed.
    package var level: ServerLog.Level {
        switch phrase {
        case .quarantined, .portsExhausted: .error
        case .crashed, .hung, .startTimedOut, .stopTimedOut, .portTaken, .warmFailed: .warning
        default: .info
        }
    }
}
