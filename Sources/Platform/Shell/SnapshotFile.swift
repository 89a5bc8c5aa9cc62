import Contracts
import Glibc
import Linux

/// The key table's snapshot, replaced as a whole: readers see the old or the new one, also after a power loss.
final class SnapshotFile {
    static let fileName = "keys.table"

    private let directory: String
    private var path: String { directory + "/" + Self.fileName }
    private var temporary: String { path + ".new" }

    init(directory: String) { self.directory = directory }

    /// Writes and syncs the new snapshot beside the old.
    func prepare(_ snapshot: KeySnapshot) throws(SystemError) {
        let name = temporary
        let file = Descriptor(
            try SystemError.check("open", path: name) { open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600) })
        // The front starts from it, and is another user of the same group.
        try SystemError.check("chmod", path: name) { fchmod(file.number, 0o640) }
        let bytes = snapshot.encoded()
        var written = 0
        while written < bytes.count {
            written += try SystemError.check("write", path: name) {
                bytes.withUnsafeBytes { write(file.number, $0.baseAddress! + written, $0.count - written) }
            }
        }
        try SystemError.check("fsync", path: name) { fsync(file.number) }
    }

    /// Puts the prepared snapshot in the old one's place.
    func publish() throws(SystemError) {
        let (from, to) = (temporary, path)
        try SystemError.check("rename", path: to) { rename(from, to) }
        try Directory.sync(directory)
    }

    func discard() { unlink(temporary) }
}
