import Config
import Glibc
import JSON
import Linux
import Nouns

/// Writes log records: one JSON object a line, a fixed phrase and fields.
///
/// Under systemd everything goes to its journal; otherwise to files that rotate: `supervisor.jsonl` for the
/// supervisor's own, `<kind>.jsonl` for what processes of a kind print.
package final class ServerLog {
    package enum Level: String, Sendable {
        case error, warning, info, debug
    }

    private let settings: LogSettings
    private let journal: SystemJournal?
    private var files: [String: LogFile] = [:]
    private var pending: [String: (bytes: [UInt8], count: Int)] = [:]
    /// Called when the first record of a batch was noted: `flush` should follow it.
    package var onPending: (() -> Void)?

    /// `journal`: systemd's, where this process was started with it.
    package init(settings: LogSettings, journal: SystemJournal? = nil) {
        (self.settings, self.journal) = (settings, journal)
    }

    /// Notes a record of the supervisor's own. Never with secrets, bodies or tokens in its fields.
    package func write(_ level: Level, _ phrase: String, _ fields: (inout JSONWriter) -> Void = { _ in }) {
        note(level, file: "supervisor") {
            $0.member("message", phrase)
            fields(&$0)
        }
    }

    /// Notes a line that a process printed.
    package func write(output line: [UInt8], of instance: InstanceID?, _ kind: Kind, _ incarnation: Incarnation) {
        note(.info, file: kind.text) {
            $0.member("message", String(decoding: line, as: UTF8.self))
            if let instance {
                $0.member("project", instance.project.text)
                if instance.ordinal > 0 { $0.member("ordinal", instance.ordinal) }
            }
            $0.member("kind", kind.text)
            $0.member("incarnation", incarnation.number)
            $0.member("stream", "output")
        }
    }

    /// Notes that a process printed more than it may.
    package func write(dropped: Int, of instance: InstanceID?, _ kind: Kind, _ incarnation: Incarnation) {
        note(.warning, file: kind.text) {
            $0.member("message", "output dropped")
            $0.member("lines", dropped)
            if let instance { $0.member("project", instance.project.text) }
            $0.member("kind", kind.text)
            $0.member("incarnation", incarnation.number)
        }
    }

    /// Writes out what was noted. Called at the end of each batch of events and before the program ends.
    package func flush() {
        for (name, lines) in pending {
            file(name).write(lines.bytes, count: lines.count)
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// The same, and waits a moment for a journal that is busy.
    package func finish() {
        flush()
        journal?.flush()
    }

    /// Lines that could not be written so far.
    package var lost: Int { files.values.reduce(journal?.lost ?? 0) { $0 + $1.lost } }

    private func note(_ level: Level, file: String, _ fields: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(capacity: 256)
        writer.object {
            $0.member("time", WallClock.now)
            $0.member("level", level.rawValue)
            fields(&$0)
        }
        if let journal {
            return journal.write(writer.bytes, as: file == "supervisor" ? "bunbase-supervisor" : file)
        }
        if pending.isEmpty { onPending?() }
        pending[file, default: ([], 0)].bytes += writer.bytes + [UInt8(ascii: "\n")]
        pending[file]?.count += 1
        if let size = pending[file]?.bytes.count, size > 65_536 { flush() }
    }

    private func file(_ name: String) -> LogFile {
        if let file = files[name] { return file }
        let path = "\(settings.directory)/\(name).jsonl"
        let file = LogFile(path: path, bytesMax: settings.fileMax, kept: settings.filesKept)
        files[name] = file
        return file
    }
}
