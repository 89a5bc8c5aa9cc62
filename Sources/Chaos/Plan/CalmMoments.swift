/// At which moments the machine had time for the clusters, by how long an undisturbed peer's clients waited there.
///
/// A machine that also builds and tests makes everything slower, the more the more there is to do: that says nothing of
/// what chaos does. Nothing that is done to the cluster makes its peer slower, unless it takes the whole machine.
struct CalmMoments {
    private static let width = Duration.seconds(5)
    /// Of the peer's requests in a stretch; with fewer it is not known how busy the machine was.
    private static let samplesMin = 20
    /// A stretch is calm when nine in ten of them took at most so many times what is usual…
    private static let factor = 1.5
    /// …or this much longer.
    private static let slack = Duration.milliseconds(2)

    /// Nil: without a peer all are.
    private let calm: Set<Int>?

    init(_ peer: History, quiet: Duration) {
        guard !peer.entries.isEmpty else {
            calm = nil
            return
        }
        var stretches: [Int: [Duration]] = [:]
        for entry in peer.entries where !entry.outcome.isFailure {
            stretches[Int(entry.began / Self.width), default: []].append(entry.took)
        }
        let typical = stretches.filter { $0.value.count >= Self.samplesMin }.mapValues { took in
            took.sorted()[(took.count * 9 + 9) / 10 - 1]
        }
        // What is usual is what the calmer half of quiet was like.
        let before = typical.filter { $0.key < Int(quiet / Self.width) }.map(\.value).sorted()
        guard !before.isEmpty else {
            calm = []
            return
        }
        let usual = before[(before.count - 1) / 2]
        let limit = max(usual * Self.factor, usual + Self.slack)
        calm = Set(typical.filter { $0.value <= limit }.keys)
    }

    func contain(_ entry: History.Entry) -> Bool {
        guard let calm else { return true }
        return (Int(entry.began / Self.width)...Int(entry.ended / Self.width)).allSatisfy { calm.contains($0) }
    }

    func seconds(until end: Duration) -> Int {
        let width = Int(Self.width / .seconds(1))
        return calm.map { $0.count * width } ?? Int(end / .seconds(1))
    }
}
