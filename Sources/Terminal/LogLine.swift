import JSON

/// One line of a log file: a JSON object with `time`, `level`, `message` and fields.
package struct LogLine: Sendable {
    package let time: String
    private let fields: JSONValue

    /// Nil when the text is not such an object.
    package init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), let time = value["time"]?.string else { return nil }
        (self.time, fields) = (time, value)
    }

    package var project: String? { fields["project"]?.string }
    package var kind: String? { fields["kind"]?.string }

    /// `13:14:15.123 warning demo/bundoc#7 instance crashed  exit="killed by SIGKILL"`.
    package func text(_ style: Style) -> String {
        let clock = time.split(separator: "T").last.map { String($0.prefix(12)) } ?? time
        let level = fields["level"]?.string ?? "info"
        let colour: Style.Colour? = level == "error" ? .red : level == "warning" ? .yellow : nil
        let who = [project, kind].compactMap { $0 }.joined(separator: "/")
        let life = fields["incarnation"]?.int.map { "#\($0)" } ?? ""
        let shown = ["time", "level", "message", "project", "kind", "incarnation", "stream"]
        let rest = (fields.object?.members ?? []).filter { !shown.contains($0.name) }.map { member in
            "\(member.name)=\(member.value.string.map(Self.quoted) ?? member.value.text)"
        }
        let words = [
            style.paint(clock, .grey), colour == nil ? "" : style.paint(level, colour),
            who.isEmpty ? "" : style.bold(who + life), fields["message"]?.string ?? "",
            style.paint(rest.joined(separator: " "), .grey),
        ]
        return words.filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static func quoted(_ text: String) -> String {
        text.contains(where: { $0 == " " || $0 == "\"" }) ? JSONValue.string(text).text : text
    }
}
