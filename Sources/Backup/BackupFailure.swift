import Glibc
import Linux

/// Why a backup cannot be made, read or restored: one sentence for people.
package struct BackupFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// The disk that is written to is full: what comes next would fail as well.
    package let isDiskFull: Bool

    package init(_ description: String, isDiskFull: Bool = false) {
        (self.description, self.isDiskFull) = (description, isDiskFull)
    }

    package init(_ error: any Error) {
        switch error {
        case let failure as BackupFailure: self = failure
        case let error as SystemError:
            let isFull = error.code == ENOSPC || error.code == EDQUOT
            self.init(isFull ? "The disk is full (\(error))." : "\(error).", isDiskFull: isFull)
        default: self.init("\(error)")
        }
    }
}
