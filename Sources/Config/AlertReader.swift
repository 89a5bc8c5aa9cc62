import JSON
import Nouns

/// Reads `alerts`: where they go, and when.
struct AlertReader {
    let home: Home
    let node: String
    /// The cluster file's: where relative paths begin.
    let fileDirectory: String

    /// What `bunbase-alerts` is given; nil when there is nowhere to send them to.
    func read(from section: inout Section) -> [String: String]? {
        let webhook = section.value("webhook", webhookForm.orNone, default: nil)
        let authorization = section.value("authorization_file", pathForm.orNone, default: nil)
        let command = section.values(
            "command", .text("a text of at most 1024 bytes") { $0.utf8.count <= 1024 }, max: 64, default: [])
        let waits = Form.duration(.seconds(1) ... .seconds(30 * 86_400))
        let repeats = section.value("repeat", waits, default: .seconds(4 * 3600))
        let pause = section.value("pause", waits, default: .seconds(60))
        let crashes = section.value("crashes", .count(1...1000), default: 3)
        let period = section.value("crash_period", waits, default: .seconds(60))
        let free = section.value("disk_free_min", .percent(0...90), default: 5)
        let interval = section.value("disk_interval", waits, default: .seconds(60))
        let timeout = section.value("timeout", .duration(.seconds(1) ... .seconds(300)), default: .seconds(10))
        section.finish()
        guard webhook != nil || !command.isEmpty else { return nil }
        var settings = [
            "repeat": "\(repeats.millisecondsRoundedUp)", "pause": "\(pause.millisecondsRoundedUp)",
            "crashes": "\(crashes)", "crash_period": "\(period.millisecondsRoundedUp)", "disk_free_min": "\(free)",
            "disk_interval": "\(interval.millisecondsRoundedUp)", "timeout": "\(timeout.millisecondsRoundedUp)",
            "home": home.directory, "node": node,
        ]
        settings["webhook"] = webhook
        settings["authorization_file"] = authorization
        if !command.isEmpty {
            settings["command"] = JSONValue.array(command.enumerated().map { .string($0 == 0 ? path($1) : $1) }).text
        }
        return settings
    }

    private func path(_ text: String) -> String { text.hasPrefix("/") ? text : fileDirectory + "/" + text }

    private var pathForm: Form<String> {
        let directory = fileDirectory
        return Form(allowed: "a file of 1 to 1024 bytes") { text in
            guard (1...1024).contains(text.utf8.count), !text.utf8.contains(0) else { return nil }
            return text.hasPrefix("/") ? text : directory + "/" + text
        } show: {
            $0
        }
    }

    private var webhookForm: Form<String> {
        .text("an address like https://alerts.example.org/hook, of at most 2048 bytes, without a name and password") {
            let rest = $0.hasPrefix("https://") ? $0.dropFirst(8) : $0.hasPrefix("http://") ? $0.dropFirst(7) : ""
            let host = rest.prefix { $0 != "/" && $0 != "?" }
            return !host.isEmpty && !host.contains("@") && $0.utf8.count <= 2048
                && $0.utf8.allSatisfy { (33...126).contains($0) } && !$0.contains("#")
        }
    }
}
