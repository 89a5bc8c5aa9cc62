import Foundation
import Synchronization
import Trial

/// Work that is done all the time, in threads of its own; what went wrong in it is remembered.
final class Load: Sendable {
    struct Failure: Sendable, CustomStringConvertible {
        let error: String
        /// A fault was caused between its beginning and its end.
        let wasInFlight: Bool
        var description: String { "\(error)\(wasInFlight ? ", in flight" : "")" }
    }

    private struct State {
        var failures: [Failure] = []
        var count = 0
        var faults = 0
        /// One is being caused.
        var isFaulty = false
        var running = 0
        var isOver = false
    }

    private let state = Mutex(State())
    private let progress = NSCondition()

    static func demand(_ answer: HTTPAnswer, _ status: Int) throws {
        guard answer.status == status else { throw TrialCluster.Failure("\(answer.status) \(answer.text)") }
    }

    /// Repeats it in a thread until the end; only that thread calls it.
    func start(_ work: sending @escaping () throws -> Void) {
        state.withLock { $0.running += 1 }
        nonisolated(unsafe) let work = work
        Thread.detachNewThread { [self] in
            while let (faults, isFaulty) = state.withLock({ $0.isOver ? nil : ($0.faults, $0.isFaulty) }) {
                var error: String?
                do { try work() } catch let thrown { error = "\(thrown)" }
                tell { state in
                    state.count += 1
                    if let error {
                        let wasInFlight = isFaulty || state.isFaulty || state.faults > faults
                        state.failures.append(Failure(error: error, wasInFlight: wasInFlight))
                    }
                }
            }
            tell { $0.running -= 1 }
        }
    }

    private func tell(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
        progress.lock()
        progress.broadcast()
        progress.unlock()
    }

    /// Causes a fault: whoever begins behind it has nothing to do with it.
    func fault(_ cause: () -> Void) {
        state.withLock { $0.isFaulty = true }
        cause()
        state.withLock { ($0.isFaulty, $0.faults) = (false, $0.faults + 1) }
    }

    /// Returns when so many more rounds were done.
    func advance(_ count: Int) {
        let goal = state.withLock { $0.count } + count
        wait { $0.count >= goal }
    }

    /// Ends the work; what went wrong in it.
    func end() -> [Failure] {
        state.withLock { $0.isOver = true }
        wait { $0.running == 0 }
        return state.withLock { $0.failures }
    }

    private func wait(_ isSo: (State) -> Bool) {
        progress.lock()
        defer { progress.unlock() }
        while !state.withLock({ isSo($0) }) { progress.wait() }
    }
}
