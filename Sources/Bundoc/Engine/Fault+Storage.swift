import Log
import Nouns
import SQL

/// What trouble with the disk means for a request.
extension Fault {
    static let storageFull = Fault(
        507, "storage.full",
        "The disk is full: nothing was stored. What was stored before is safe; deleting documents makes room.",
        party: .instance, retryAfter: .seconds(30))

    /// The write is in the log, and the view could not take it yet.
    static let storageBehind = Fault(
        503, "storage.behind",
        "The disk is full: the write is kept but not visible yet. Read it again before you repeat it.",
        party: .instance, retryAfter: .seconds(5))

    init(_ error: DatabaseError) {
        switch error.reason {
        case .full: self = .storageFull
        case .tooLarge:
            self.init(413, "document.too_large", "The document is larger than the database can hold.")
        case .corrupt:
            self.init(
                500, "storage.corrupt", "The project's database is damaged; restore a backup.", party: .instance)
        case .busy, .constraint, .file, .other:
            self.init(
                500, "storage.failed", "The project's database could not do this; its log says why.", party: .instance)
        }
    }

    init(_ failure: LogFailure) {
        switch failure {
        case .full: self = .storageFull
        case .tooLarge: self.init(413, "document.too_large", "The change is larger than the log takes.")
        case .corrupt, .newerFormat, .foreign, .inUse, .trimmed, .broken:
            self.init(
                500, "storage.failed", "The project's log could not take this; its messages say why.", party: .instance)
        }
    }
}
