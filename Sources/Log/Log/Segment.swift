/// One file of the log: a header and batches, zeros behind them up to its size, which never changes.
final class Segment {
    static let suffix = ".log"
    static let temporarySuffix = ".tmp"

    let first: Offset
    /// The file's size.
    let capacity: Int
    let salt: UInt64
    let epoch: UInt64
    /// Open while records go to it.
    var file: Int32?
    /// Has its name; before that it is a temporary file that nobody would miss.
    var isPublished: Bool

    /// Where room begins that this process has not yet overwritten with zeros. Touched by jobs only.
    var writtenAhead = 0

    init(first: Offset, capacity: Int, header: FileHeader, file: Int32?, isPublished: Bool) {
        (self.first, self.capacity, self.file, self.isPublished) = (first, capacity, file, isPublished)
        (salt, epoch) = (header.salt, header.epoch)
    }

    var name: String { FileName.text(first, Self.suffix) }
}

/// Names of files: the offset as 16 hex digits, so that they sort, and what the file is.
enum FileName {
    static let snapshotSuffix = ".snap"
    static let reserve = "reserve"

    static func text(_ offset: Offset, _ suffix: String) -> String {
        let digits = String(offset.number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits + suffix
    }

    /// Nil when it is not such a name.
    static func offset(_ name: String, _ suffix: String) -> Offset? {
        guard name.hasSuffix(suffix), name.utf8.count == 16 + suffix.utf8.count,
            let number = UInt64(name.prefix(16), radix: 16), text(Offset(number), suffix) == name
        else { return nil }
        return Offset(number)
    }
}
