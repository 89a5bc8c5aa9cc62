/// Bytes that one loop keeps in memory for others' slowness: heads and bodies that wait, answers that have not left.
final class MemoryGauge {
    var bytes = 0
}
