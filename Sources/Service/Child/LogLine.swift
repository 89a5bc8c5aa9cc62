import Glibc
import JSON

/// One thing that a program tells its log, as a line of JSON on standard error: `{"level","message",…}`. The
/// supervisor, or journald, adds who said it and when.
package enum LogLine {
    package enum Level: String, Sendable {
        /// Someone must act.
        case error
        /// Handled, but not normal.
        case warning
        /// A state changed.
        case info
    }

    /// `message`: a fixed lower-case phrase; what varies goes into `fields`. No secrets.
    package static func write(_ level: Level, _ message: StaticString, _ fields: [(name: String, value: String)] = []) {
        let bytes = bytes(level, message, fields)
        // Nobody reads a log that cannot be written: there is nothing better to do than to go on.
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    package static func bytes(
        _ level: Level, _ message: StaticString, _ fields: [(name: String, value: String)]
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("level", level.rawValue)
            $0.member("message", message.description)
            for field in fields { $0.member(field.name, field.value) }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}
