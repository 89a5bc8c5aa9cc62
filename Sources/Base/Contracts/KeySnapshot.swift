import Nouns

/// The key table as a file, so that a front can start while the platform is down. Written by the platform, read by
/// fronts.
///
/// Text: `bunbase-keys 2 <table>`, a line `<id> <slug> <key>` for each project, with ` <limits>` behind it where the
/// project has limits of its own, and `end <count> <hash>` with the 64-bit FNV-1a hash, in 16 hex digits, of all bytes
/// before that line. A file that is cut or changed is refused whole.
package struct KeySnapshot: Hashable, Sendable {
    package static let version = 2
    /// Without limits; the same otherwise.
    private static let versionWithoutLimits = 1
    /// A project's line is at most this long, so a table's file is bounded by its count.
    package static let lineMax = 512

    package struct Malformed: Error, Hashable, Sendable {
        package let reason: String
    }

    /// The version of the table that the entries make up.
    package var table: UInt64
    package var entries: [KeyEntry]

    package init(table: UInt64, entries: [KeyEntry]) { (self.table, self.entries) = (table, entries) }

    /// An entry whose slug or key is empty or holds a space or a control byte is a defect of the caller.
    package func encoded() -> [UInt8] {
        var text = "bunbase-keys \(Self.version) \(table)\n"
        for entry in entries {
            precondition(
                Self.isWord(entry.slug) && Self.isWord(entry.key), "an entry that is no line: \(entry.project)")
            text += "\(entry.project) \(entry.slug) \(entry.key)"
            text += entry.limits.isEmpty ? "\n" : " \(entry.limits)\n"
        }
        var bytes = Array(text.utf8)
        bytes += "end \(entries.count) \(Self.hash(bytes))\n".utf8
        return bytes
    }

    package init(decoding bytes: [UInt8]) throws(Malformed) {
        guard bytes.last == Self.newline,
            let endStart = bytes.dropLast().lastIndex(of: Self.newline).map({ $0 + 1 })
        else { throw Malformed(reason: "no end") }
        let end = Self.words(bytes[endStart..<(bytes.count - 1)])
        guard end.count == 3, end[0] == "end", let count = Int(end[1]) else { throw Malformed(reason: "no end") }
        guard end[2] == Self.hash(bytes[..<endStart]) else { throw Malformed(reason: "the hash differs") }
        var lines = bytes[..<(endStart - 1)].split(separator: Self.newline, omittingEmptySubsequences: false)[...]
        let first = Self.words(lines.removeFirst())
        guard first.count == 3, first[0] == "bunbase-keys", let table = UInt64(first[2]) else {
            throw Malformed(reason: "no key table")
        }
        guard [Self.version, Self.versionWithoutLimits].contains(Int(first[1])) else {
            throw Malformed(reason: "version \(first[1])")
        }
        guard lines.count == count else { throw Malformed(reason: "the count differs") }
        self.init(table: table, entries: [])
        entries.reserveCapacity(count)
        for line in lines {
            let words = Self.words(line)
            guard line.count <= Self.lineMax, (3...4).contains(words.count), let project = ProjectID(words[0]),
                Self.isWord(words[1]), Self.isWord(words[2]),
                let limits = ProjectLimits.Overrides(words.count == 4 ? words[3] : ""),
                words.count == 3 || !limits.isEmpty
            else { throw Malformed(reason: "a line that is no entry") }
            entries.append(KeyEntry(project: project, slug: words[1], key: words[2], limits: limits))
        }
    }

    private static let newline = UInt8(ascii: "\n")

    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    private static func words(_ line: ArraySlice<UInt8>) -> [String] {
        line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Against accidents, not against malice: the file is ours.
    private static func hash(_ bytes: some Sequence<UInt8>) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
