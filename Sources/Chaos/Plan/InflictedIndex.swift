/// Disturbances by when and where they reach, for many questions.
struct InflictedIndex {
    /// Of a bucket; longer than most disturbances.
    private static let width = Duration.seconds(10)

    private var wide: [Int: [Inflicted]] = [:]
    /// By project, then by bucket.
    private var narrow: [Int: [Int: [Inflicted]]] = [:]

    init(_ inflicted: [Inflicted]) {
        for done in inflicted where done.wasDone {
            let radius = done.disturbance.form.radius
            for bucket in Self.buckets(done.began, done.ended + radius.heals) {
                switch (radius.reach, done.disturbance.target) {
                case (.nobody, _): break
                case (.everyone, _), (.kind, _): wide[bucket, default: []].append(done)
                case (_, .instance(let project, _)), (_, .project(let project)):
                    narrow[project, default: [:]][bucket, default: []].append(done)
                case (_, .cluster): break
                }
            }
        }
    }

    /// The worst that a request of a project's store may have noticed.
    ///
    /// - Parameter project: by its place in the run; nil: only what reaches every project.
    func effect(on project: Int?, _ store: Store, from: Duration, to: Duration) -> BlastRadius.Effect {
        var worst = BlastRadius.Effect.nothing
        let own = project.flatMap { narrow[$0] }
        for bucket in Self.buckets(from, to) {
            for done in (wide[bucket] ?? []) + (own?[bucket] ?? []) {
                worst = max(worst, done.effect(on: project ?? -1, store, from: from, to: to))
            }
        }
        return worst
    }

    private static func buckets(_ from: Duration, _ to: Duration) -> ClosedRange<Int> {
        let first = Int(from / width)
        return first...max(first, Int(to / width))
    }
}
