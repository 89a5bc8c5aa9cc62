/// How thoroughly to measure.
struct Options: Sendable {
    /// One short round: enough to see whether a change helps, not to publish.
    var isQuick = false
    /// Only proxies whose names contain this word.
    var only: String?
    /// On a machine that does other things too: what is measured goes before them. Needs root, and the kernel's groups
    /// of sessions; `sched(7)`.
    var isUrgent = false

    func wants(_ candidate: Candidate) -> Bool { only.map { candidate.rawValue.contains($0) } ?? true }
}
