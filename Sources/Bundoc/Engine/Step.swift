/// The steps of a commit and of upkeep, in their order: where a crash test ends the process.
package enum Step: String, CaseIterable, Sendable {
    /// In the log's memory and applied to the store's transaction.
    case applied
    /// On the disk, in the log.
    case synced
    /// Committed in the store.
    case committed
    /// The replies were handed out.
    case replied
    /// The store's file has everything.
    case checkpointed
    /// The log's old segments are gone.
    case trimmed
}
