import Crypto
import Glibc
import Linux
import Nouns

/// The directory that backups lie in: each a directory of its own, named for the moment at which it was begun.
///
/// One that is being made is called `.NAME.partial`, and gets its name when all of it is on disk: what has a name is
/// whole.
package struct BackupStore: Hashable, Sendable {
    package static let manifest = "manifest.json"
    /// The manifest's SHA-256, as `sha256sum -c` reads it.
    package static let seal = "manifest.sha256"
    private static let partial = ".partial"

    package let directory: String
    package init(_ directory: String) { self.directory = directory }

    package func path(_ name: String) -> String { "\(directory)/\(name)" }
    package var lock: String { path(".lock") }

    /// `2026-11-23T13-05-00.250Z`.
    package static func name(_ time: Timestamp) -> String { time.text.replacing(":", with: "-") }

    /// Whatever else lies in the directory is left alone.
    private static func isName(_ text: some StringProtocol) -> Bool {
        let form = "0000-00-00T00-00-00.000Z"
        return text.utf8.count == form.utf8.count
            && zip(text.utf8, form.utf8).allSatisfy { $1 == UInt8(ascii: "0") ? (48...57).contains($0) : $0 == $1 }
    }

    /// Those that are whole, the oldest first.
    package var names: [String] {
        ((try? DirectoryListing.names(in: directory)) ?? []).filter { name in
            Self.isName(name) && access("\(path(name))/\(Self.manifest)", F_OK) == 0
        }.sorted()
    }

    /// Reads what a backup holds; refused when not a byte of that is other than it was written.
    package func manifest(of name: String) throws(BackupFailure) -> Manifest {
        guard names.contains(name) else {
            throw BackupFailure("There is no backup \(name) in \(directory).")
        }
        do {
            let bytes = try FileBytes.read("\(path(name))/\(Self.manifest)")
            let seal = String(decoding: try FileBytes.read("\(path(name))/\(Self.seal)"), as: UTF8.self)
            guard seal.split(separator: " ").first.map(String.init) == Self.hash(bytes) else {
                throw BackupFailure("The backup \(name) is damaged: its manifest is not as it was written.")
            }
            return try Manifest(decoding: bytes)
        } catch {
            throw BackupFailure(error)
        }
    }

    /// Makes room for a new backup and takes away what crashes left. To be called by one at a time.
    package func begin(_ name: String) throws(SystemError) -> String {
        for left in try DirectoryListing.names(in: directory) where left.hasPrefix(".") && left.hasSuffix(Self.partial)
        {
            guard Self.isName(left.dropFirst().dropLast(Self.partial.count)) else { continue }
            try Tree.remove(path(left))
        }
        let path = path(".\(name)\(Self.partial)")
        try SystemError.check("mkdir", path: path) { mkdir(path, 0o700) }
        try SystemError.check("mkdir", path: path) { mkdir(path + "/projects", 0o700) }
        return path
    }

    /// Everything else of it is on disk: gives it its name.
    package func publish(_ path: String, as name: String, _ manifest: Manifest) throws(SystemError) {
        let bytes = manifest.encoded
        try FileBytes.write(bytes, to: "\(path)/\(Self.manifest)", mode: 0o600)
        let seal = "\(Self.hash(bytes))  \(Self.manifest)\n"
        try FileBytes.write(Array(seal.utf8), to: "\(path)/\(Self.seal)", mode: 0o600)
        try FileBytes.syncDirectory(path + "/projects")
        try FileBytes.syncDirectory(path)
        try SystemError.check("rename", path: path) { rename(path, self.path(name)) }
        try FileBytes.syncDirectory(directory)
    }

    /// Removes what is older than the newest so many complete backups of the whole cluster. Gives the names.
    package func prune(keep: Int) throws(SystemError) -> [String] {
        var kept = 0
        var removed: [String] = []
        for name in names.reversed() {
            if kept >= keep {
                // Without its name first: half a backup must not look like one.
                let path = path(".\(name)\(Self.partial)")
                try SystemError.check("rename", path: path) { rename(self.path(name), path) }
                try Tree.remove(path)
                removed.append(name)
            } else if let manifest = try? manifest(of: name), manifest.isComplete, manifest.isWhole {
                kept += 1
            }
        }
        if !removed.isEmpty { try FileBytes.syncDirectory(directory) }
        return removed
    }

    /// What is wrong with a backup: one sentence for each thing.
    package func faults(of name: String) -> [String] {
        do throws(BackupFailure) {
            return try manifest(of: name).entries.faults(in: path(name))
        } catch {
            return [error.description]
        }
    }

    private static func hash(_ bytes: [UInt8]) -> String {
        FileBytes.hex(bytes.withUnsafeBytes { SHA256.hash($0) })
    }
}
