import Nouns
import Synchronization

/// What all loops of a front know of one project together, in atomic words: the only thing that loops share on the path
/// of a request.
///
/// A loop keeps the gauges of the projects in its key table, and each request the one of its project until it ends.
/// The words are counts and moments that stand for themselves: nothing else is published by them, so that every
/// access is `relaxed`.
package final class ProjectGauge: Sendable {
    package let project: ProjectID
    /// Requests under way.
    private let requests = Atomic<Int>(0)
    /// The words of `GCRA` for requests and for bytes.
    private let requestTime = Atomic<Int64>(0)
    private let bandwidthTime = Atomic<Int64>(0)
    /// Requests in the waiting rooms.
    private let waiting = Atomic<Int>(0)

    package init(_ project: ProjectID) { self.project = project }

    /// Counts a request in, if the project may have one more under way and its rate allows it now. `leave` follows.
    package func enter(_ rules: AdmissionRules, cost: Int, at now: Instant) -> Admittance {
        // Added first and taken back if it was too much: two loops cannot both take the last place.
        guard requests.add(1, ordering: .relaxed).oldValue < rules.requests else {
            leave()
            return .full
        }
        guard let rate = rules.rate else { return .admitted }
        var word = requestTime.load(ordering: .relaxed)
        while true {
            switch rate.admit(cost, word: word, at: now) {
            case .early(let wait):
                leave()
                return .early(by: wait)
            case .conforming(let next):
                let (isDone, current) = requestTime.weakCompareExchange(
                    expected: word, desired: next, ordering: .relaxed)
                if isDone { return .admitted }
                word = current
            }
        }
    }

    package func leave() {
        let left = requests.subtract(1, ordering: .relaxed).newValue
        precondition(left >= 0, "a request of \(project) left twice")
    }

    package var requestCount: Int { requests.load(ordering: .relaxed) }
    /// For `RateLimitFields`.
    package var rateWord: Int64 { requestTime.load(ordering: .relaxed) }

    /// Counts one more into a waiting room, unless as many wait as may; `stopWaiting` follows.
    package func wait(max: Int) -> Bool {
        guard waiting.add(1, ordering: .relaxed).oldValue < max else {
            stopWaiting()
            return false
        }
        return true
    }

    package func stopWaiting() { waiting.subtract(1, ordering: .relaxed) }
    package var waitingCount: Int { waiting.load(ordering: .relaxed) }

    /// Counts bytes that pass; returns how long to wait before more may.
    package func pass(_ bytes: Int, _ bandwidth: GCRA, at now: Instant) -> Duration {
        var word = bandwidthTime.load(ordering: .relaxed)
        while true {
            let next = bandwidth.charged(bytes, word: word, at: now)
            let (isDone, current) = bandwidthTime.weakCompareExchange(expected: word, desired: next, ordering: .relaxed)
            if isDone { return bandwidth.wait(word: next, at: now) }
            word = current
        }
    }
}
