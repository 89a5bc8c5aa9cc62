import Alerting
import Glibc
import JSON
import Linux

/// What was told, as a file, so that another life does not tell it again.
///
/// Not synced: after a loss of power something may be told twice.
struct AlertMemory {
    private let path: String

    init(at path: String) { self.path = path }

    /// Empty when there is none that can be read.
    func read() -> [AlertBook.Entry] {
        guard let bytes = try? SmallFile.read(path), let list = try? JSONValue(parsing: bytes).array else { return [] }
        return list.compactMap { item in
            guard let name = item["alert"]?.string, let subject = item["subject"]?.string,
                let text = item["text"]?.string, let since = item["since"]?.integer,
                let isRaised = item["raised"]?.bool, let isToldRaised = item["told_raised"]?.bool
            else { return nil }
            let alert = Alert(Alert.Key(name, subject), text)
            return AlertBook.Entry(
                alert, since: since, told: item["told"]?.integer, isToldRaised: isToldRaised, isRaised: isRaised)
        }
    }

    func write(_ entries: [AlertBook.Entry]) {
        var writer = JSONWriter()
        writer.array {
            for entry in entries {
                $0.object {
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
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        let count = Glibc.write(file, writer.bytes, writer.bytes.count)
        close(file)
        if count == writer.bytes.count { rename(new, path) } else { unlink(new) }
    }
}
