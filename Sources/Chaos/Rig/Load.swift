import ChaosPlan
import Foundation
import Nouns
import Synchronization
import Trial

/// The clients of a run: one for each store of each project, each in a thread of its own, one request after the other.
final class Load: Sendable {
    /// How long the clients do what.
    enum Phase: Sendable {
        /// Requests at the scenario's rate; now and then a rest in which the project may fall asleep.
        case working
        /// The same without rests.
        case steady
        /// Each reads back all that it wrote, and ends.
        case over
    }

    private struct State {
        var phase = Phase.working
        var entries: [History.Entry] = []
    }

    let watch: Stopwatch
    /// Within which time the clients begin.
    let spread: Duration
    private let state = Mutex(State())
    private let done = DispatchSemaphore(value: 0)
    private let count: Int

    /// - Parameters:
    ///   - spread: within which time the clients begin.
    ///   - rate: requests a second from the clients of a store.
    init(
        _ cluster: TrialCluster, _ projects: [TrialCluster.Project], _ stores: [Store], seed: UInt64,
        _ watch: Stopwatch, spread: Duration, rate: (Store) -> Double
    ) {
        (self.watch, self.spread, count) = (watch, spread, projects.count * stores.count)
        for (place, project) in projects.enumerated() {
            for (index, store) in stores.enumerated() {
                let random = SplitMix64(seed: seed &* 1_000_003 &+ UInt64(place * 16 + index))
                let client = LoadClient(cluster, project, store, rate: rate(store), self, random)
                let thread = Thread { [self] in
                    client.work()
                    done.signal()
                }
                thread.stackSize = 512 << 10
                thread.start()
            }
        }
    }

    var phase: Phase { state.withLock { $0.phase } }

    func enter(_ phase: Phase) { state.withLock { $0.phase = phase } }

    func note(_ entry: History.Entry) { state.withLock { $0.entries.append(entry) } }

    /// Ends the clients and gives what they did and saw.
    func finish() -> History {
        enter(.over)
        for _ in 0..<count { done.wait() }
        return History(state.withLock { $0.entries })
    }
}
