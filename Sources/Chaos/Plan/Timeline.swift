/// What happened to each project over time, in buckets of equal length.
package struct Timeline: Sendable {
    package struct Bucket: Hashable, Sendable {
        package var requests = 0
        package var failures = 0
        /// The slowest request that began in it.
        package var slowest = Duration.zero
    }

    package static let bucketsMax = 240

    package let width: Duration
    package let count: Int
    /// By the project's place in the run.
    package private(set) var projects: [[Bucket]]
    /// All of them together; `slowest` is the 99th percentile.
    package private(set) var whole: [Bucket]

    package init(_ history: History, lasting: Duration, places: [String: Int]) {
        let shortest = Duration.milliseconds(500)
        width = max(shortest, lasting / Self.bucketsMax)
        let buckets = max(1, Int((lasting / width).rounded(.up)))
        count = buckets
        projects = Array(repeating: Array(repeating: Bucket(), count: buckets), count: places.count)
        whole = Array(repeating: Bucket(), count: buckets)
        var took: [[Duration]] = Array(repeating: [], count: buckets)
        for entry in history.entries {
            guard let place = places[entry.key.project], place < projects.count else { continue }
            let index = min(buckets - 1, max(0, Int(entry.began / width)))
            projects[place][index].requests += 1
            whole[index].requests += 1
            if entry.outcome.isFailure {
                projects[place][index].failures += 1
                whole[index].failures += 1
            }
            projects[place][index].slowest = max(projects[place][index].slowest, entry.took)
            took[index].append(entry.took)
        }
        for index in 0..<buckets where !took[index].isEmpty {
            took[index].sort()
            let rank = Int((0.99 * Double(took[index].count)).rounded(.up))
            whole[index].slowest = took[index][rank - 1]
        }
    }
}
