import Alerting
import Glibc
import JSON
import Linux

/// What was heard and told, as a file, so that another life misses nothing and does not tell it again.
///
/// Not synced: after a loss of power something may be told twice.
struct AlertMemory {
    struct Content {
        /// The last event of the supervisor's that may lead to an alert; 0: none was heard.
        var heard: UInt64 = 0
        var entries: [AlertBook.Entry] = []
    }

    private let path: String

    init(at path: String) { self.path = path }

    /// Empty when there is none that can be read.
    func read() -> Content {
        guard let bytes = try? SmallFile.read(path), let value = try? JSONValue(parsing: bytes) else {
            return Content()
        }
        let heard = value["heard"]?.integer.flatMap { UInt64(exactly: $0) }
        let entries = value["alerts"]?.array.map(Self.entries)
        return Content(heard: heard ?? 0, entries: entries ?? [])
    }

    private static func entries(_ list: [JSONValue]) -> [AlertBook.Entry] {
        list.compactMap { item in
            guard let name = item["alert"]?.string, let subject = item["subject"]?.string,
                let text = item["text"]?.string, let since = item["since"]?.integer,
                let isRaised = item["raised"]?.bool, let isToldRaised = item["told_raised"]?.bool
            else { return nil }
            let alert = Alert(Alert.Key(name, subject), text)
            return AlertBook.Entry(
                alert, since: since, told: item["told"]?.integer, isToldRaised: isToldRaised, isRaised: isRaised)
        }
    }

    func write(_ content: Content) {
        var writer = JSONWriter()
        writer.object {
            $0.member("heard", content.heard)
            $0.member("alerts") { $0.array { for entry in content.entries { Self.write(entry, to: &$0) } } }
        }
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        let count = Glibc.write(file, writer.bytes, writer.bytes.count)
        close(file)
        if count == writer.bytes.count { rename(new, path) } else { unlink(new) }
    }

    private static func write(_ entry: AlertBook.Entry, to writer: inout JSONWriter) {
        writer.object {
            $0.member("alert", entry.alert.key.name)
            $0.member("subject", entry.alert.key.subject)
            $0.member("text", entry.alert.text)
            $0.member("since", entry.since)
            if let told = entry.told { $0.member("told", told) }
            $0.member("raised", entry.isRaised)
            $0.member("told_raised", entry.isToldRaised)
        }
    }
}
