import Foundation
import Synchronization
import Trial

/// Writes one thing after the other, and knows what was acknowledged.
final class Writer: Sendable {
    enum Form {
        case keys, documents
    }

    private struct State {
        var acknowledged = 0
        var failures: [String] = []
        var isOver = false
    }

    private let client: Client
    private let form: Form
    private let state = Mutex(State())
    private let done = DispatchSemaphore(value: 0)
    private let progress = NSCondition()

    init(_ cluster: TrialCluster, _ project: TrialCluster.Project, _ form: Form) throws {
        (client, self.form) = (Client(cluster, project), form)
        Thread.detachNewThread { [self] in
            var number = 0
            while !state.withLock({ $0.isOver || $0.failures.count > 20 }) {
                var failure: String?
                do {
                    let answer = try client.put(path(number), #"{"n":\#(number)}"#)
                    if ![200, 201].contains(answer.status) { failure = "\(number): \(answer.status) \(answer.text)" }
                } catch {
                    failure = "\(number): \(error)"
                }
                state.withLock { state in
                    if let failure { state.failures.append(failure) } else { state.acknowledged += 1 }
                }
                progress.lock()
                progress.broadcast()
                progress.unlock()
                number += 1
            }
            done.signal()
        }
        advance(1)
    }

    private func path(_ number: Int) -> String {
        form == .keys ? "/v1/kv/kv/w\(number)" : "/v1/database/collections/notes/documents/w\(number)"
    }

    var acknowledged: Int { state.withLock { $0.acknowledged } }

    /// Returns when so many more were acknowledged, or something failed.
    func advance(_ count: Int) {
        let goal = acknowledged + count
        progress.lock()
        defer { progress.unlock() }
        while state.withLock({ $0.acknowledged < goal && $0.failures.isEmpty }) { progress.wait() }
    }

    /// Stops writing; what went wrong in it.
    func end() -> [String] {
        state.withLock { $0.isOver = true }
        done.wait()
        return state.withLock { $0.failures }
    }

    /// Which of the first so many are not there.
    func missing(_ count: Int) throws -> [Int] {
        try (0..<count).filter { try client.get(path($0)).status != 200 }
    }
}
