import Glibc
import JSON
import Linux
import Nouns

/// Sends log records to systemd's journal with their fields, so that `journalctl BUNBASE_PROJECT=demo` finds what a
/// project's processes printed and what the supervisor did with them.
///
/// By the journal's native protocol: one datagram of fields for each record. What journald does not take at once waits,
/// at most 8192 records; beyond, the oldest are lost and counted.
package final class SystemJournal {
    /// Of `systemd-journald.socket`.
    package static let path = "/run/systemd/journal/socket"
    private static let pendingMax = 8192

    private let socket: Notifier

    package init(at path: String = path, on loop: EventLoop) throws(SystemError) {
        socket = try Notifier(path: path, on: loop, pendingMax: Self.pendingMax)
    }

    /// Whether standard output goes to the journal: `JOURNAL_STREAM` of `systemd.exec(5)` names its device and inode.
    package static var isConnected: Bool {
        guard let text = getenv("JOURNAL_STREAM").map({ String(cString: $0) }) else { return false }
        var status = stat()
        guard fstat(STDOUT_FILENO, &status) == 0 else { return false }
        return text == "\(status.st_dev):\(status.st_ino)"
    }

    /// Records that could not be sent so far.
    package var lost: Int { socket.droppedCount }

    /// A record as the log files have it: a JSON object with time, level, message and more. `identifier`: who speaks.
    package func write(_ record: [UInt8], as identifier: String) {
        guard let object = (try? JSONValue(parsing: record))?.object else { return }
        socket.post(Self.datagram(object, identifier))
    }

    /// Tries for a moment to send what waits: the program is about to end.
    package func flush() { socket.flush(for: .milliseconds(500)) }

    // MARK: The form

    static func datagram(_ record: JSONObject, _ identifier: String) -> [UInt8] {
        let isOutput = record["stream"] != nil
        var message = record["message"]?.string ?? ""
        var level = record["level"]?.string ?? ""
        if isOutput { level = spokenLevel(message) ?? level }
        var bytes: [UInt8] = []
        for member in record.members {
            guard let text = text(member.value) else { continue }
            switch member.name {
            case "time", "level", "message": continue
            case "instance":
                // PROJECT/KIND, or a blank process's KIND INCARNATION.
                let words = text.split(separator: "/")
                if words.count >= 2 {
                    append("BUNBASE_PROJECT", String(words[0]), to: &bytes)
                    append("BUNBASE_KIND", String(words[1]), to: &bytes)
                }
            default: append("BUNBASE_" + fieldName(member.name), text, to: &bytes)
            }
            if !isOutput { message += " \(member.name)=\(text)" }
        }
        append("MESSAGE", message, to: &bytes)
        append("PRIORITY", priority(level), to: &bytes)
        append("SYSLOG_IDENTIFIER", identifier, to: &bytes)
        return bytes
    }

    /// Capitals, digits and underscores.
    private static func fieldName(_ name: String) -> String {
        String(
            name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" as Character })
    }

    private static func text(_ value: JSONValue) -> String? {
        if let string = value.string { return string }
        return value == .null ? nil : value.text
    }

    /// `syslog(3)`.
    private static func priority(_ level: String) -> String {
        switch level {
        case "error": "3"
        case "warning": "4"
        case "debug": "7"
        default: "6"
        }
    }

    /// Our own programs print lines that begin with their level (`LogLine`).
    private static func spokenLevel(_ line: String) -> String? {
        let start = "{\"level\":\""
        guard line.hasPrefix(start) else { return nil }
        return String(line.dropFirst(start.count).prefix { $0 != "\"" })
    }

    /// `NAME=value`, or, for a value with newlines, the name, its length in 8 bytes, least first, and the value.
    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes += name.utf8
        if value.utf8.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { bytes += $0 }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value.utf8
        bytes.append(UInt8(ascii: "\n"))
    }
}
