import Foundation
import Synchronization
import Trial

/// Another project of the cluster that writes and reads all the time, and must not notice anything.
final class Neighbour: Sendable {
    private struct State {
        var failures: [String] = []
        var requests = 0
        var isOver = false
    }

    private let state = Mutex(State())
    private let done = DispatchSemaphore(value: 0)

    init(_ cluster: TrialCluster) throws {
        let client = Client(cluster, try cluster.createProject("neighbour"))
        guard try client.put("/v1/kv/kv/a", "0").status == 200 else { throw TrialCluster.Failure("no neighbour") }
        Thread.detachNewThread { [self] in
            while !state.withLock({ $0.isOver }) {
                let failure: String?
                do {
                    let answer = try client.get("/v1/kv/kv/a")
                    failure = answer.status == 200 ? nil : "\(answer.status) \(answer.text)"
                } catch {
                    failure = "\(error)"
                }
                state.withLock { state in
                    state.requests += 1
                    if let failure, !state.isOver { state.failures.append(failure) }
                }
            }
            done.signal()
        }
    }

    /// Ends the traffic; what went wrong in it.
    var failures: [String] {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        if isFirst { done.wait() }
        return state.withLock { $0.requests == 0 ? ["it never asked"] : $0.failures }
    }
}
