/// Whose log it is, and its limits.
package struct LogSettings: Hashable, Sendable {
    /// Told apart from a deleted project that had the same name; a log of another generation is refused.
    package var generation: UInt64
    /// Rises when another node takes the project over.
    package var epoch: UInt64
    /// The first segment's size; each next one has twice the size of the one before.
    package var segmentBytesMin: Int
    /// No segment is larger, but for one that holds a single record of more bytes.
    package var segmentBytesMax: Int
    package var recordBytesMax: Int
    /// The room that segments may take altogether; beyond it the log is full. Snapshots do not count.
    package var bytesMax: Int

    package init(
        generation: UInt64 = 1, epoch: UInt64 = 1, segmentBytesMin: Int = 64 << 10, segmentBytesMax: Int = 8 << 20,
        recordBytesMax: Int = 64 << 20, bytesMax: Int = 64 << 30
    ) {
        precondition(segmentBytesMin >= 4096 && segmentBytesMin <= segmentBytesMax)
        precondition(recordBytesMax > 0 && recordBytesMax <= 1 << 30)
        (self.generation, self.epoch) = (generation, epoch)
        (self.segmentBytesMin, self.segmentBytesMax) = (segmentBytesMin, segmentBytesMax)
        (self.recordBytesMax, self.bytesMax) = (recordBytesMax, bytesMax)
    }
}
