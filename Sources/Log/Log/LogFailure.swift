import Linux

/// Why a log does not do what it was asked for.
package enum LogFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// No room on the disk, or the log's own limit is reached. Nothing was accepted; everything before is safe. Records
    /// that free room (`DurableLog.Purpose.freesRoom`) may still go through.
    case full
    /// A record of more bytes than the log takes.
    case tooLarge(bytes: Int, bytesMax: Int)
    /// A file that holds something else than what was once written to it. Nothing is opened, nothing is cut.
    case corrupt(file: String, position: Int, reason: String)
    /// Written by a later version of the program, which may know more than this one.
    case newerFormat(file: String, version: UInt32)
    /// The log of another project, or of an earlier project of the same name.
    case foreign(file: String, generation: UInt64)
    /// Another process has the log open.
    case inUse(directory: String)
    /// The records asked for were trimmed: a reader has to begin with the snapshot.
    case trimmed(first: Offset)
    /// Reading, writing or syncing failed. After a failed write or sync nobody knows what is on disk: the process must
    /// end, and its successor finds out.
    case broken(SystemError)

    package var description: String {
        switch self {
        case .full: "no room left for the log"
        case .tooLarge(let bytes, let bytesMax): "a record of \(bytes) bytes; at most \(bytesMax) are taken"
        case .corrupt(let file, let position, let reason): "\(file) is damaged at byte \(position): \(reason)"
        case .newerFormat(let file, let version): "\(file) has format \(version), written by a later version"
        case .foreign(let file, let generation): "\(file) belongs to another project (generation \(generation))"
        case .inUse(let directory): "\(directory) is in use by another process"
        case .trimmed(let first): "the records are gone; the log begins at \(first)"
        case .broken(let error): error.description
        }
    }
}
