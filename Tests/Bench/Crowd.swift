import Foundation
import Synchronization

/// Many threads that begin at the same moment.
enum Crowd {
    private struct Results {
        var times: [Duration] = []
        var failures: [any Error] = []
    }

    /// Prepares each member, then runs all of them at once and gives the time of each.
    ///
    /// Throws what the first failed with.
    static func run(_ count: Int, _ prepare: @escaping @Sendable (Int) throws -> () throws -> Void) throws -> [Duration]
    {
        let results = Mutex(Results())
        let ready = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let done = DispatchSemaphore(value: 0)
        for index in 0..<count {
            let thread = Thread {
                do {
                    let work: () throws -> Void
                    do {
                        defer { ready.signal() }
                        work = try prepare(index)
                    }
                    gate.wait()
                    let time = try ContinuousClock().measure { try work() }
                    results.withLock { $0.times.append(time) }
                } catch {
                    results.withLock { $0.failures.append(error) }
                }
                done.signal()
            }
            thread.stackSize = 1 << 18
            thread.start()
        }
        for _ in 0..<count { ready.wait() }
        for _ in 0..<count { gate.signal() }
        for _ in 0..<count { done.wait() }
        if let failure = results.withLock({ $0.failures.first }) { throw failure }
        return results.withLock { $0.times }
    }
}
