import Glibc
import Simulation

/// The seed that a thread is at, for the last words of a self check that fails.
nonisolated(unsafe) private var seedOfThread = pthread_key_t()

private func sayLastWords(_ signal: Int32) {
    let seed = UInt(bitPattern: pthread_getspecific(seedOfThread)) &- 1
    var digits: [UInt8] = []
    var rest = seed
    repeat {
        digits.insert(UInt8(ascii: "0") + UInt8(rest % 10), at: 0)
        rest /= 10
    } while rest > 0
    let words = Array("a self check failed: replay: scripts/simulate 1 --seed ".utf8) + digits + Array("\n".utf8)
    words.withUnsafeBytes { _ = write(1, $0.baseAddress, $0.count) }
    _exit(1)
}

/// All the seeds, shared out between two threads.
// SAFETY: what the threads share is touched under the lock only.
final class Storms: @unchecked Sendable {
    private let arguments: Arguments
    private var lock = pthread_mutex_t()
    private var next: UInt64
    private var counts = Simulation.Counts()
    private var violation: Simulation.Violation?

    init(_ arguments: Arguments) {
        self.arguments = arguments
        next = arguments.first
        pthread_mutex_init(&lock, nil)
        pthread_key_create(&seedOfThread, nil)
        for trap in [SIGILL, SIGTRAP] { signal(trap, sayLastWords) }
    }

    /// Whether all promises were kept.
    func run() -> Bool {
        var threads: [pthread_t] = []
        for _ in 0..<(arguments.count > 1 ? 2 : 1) {
            var thread = pthread_t()
            let context = Unmanaged.passUnretained(self).toOpaque()
            let failure = pthread_create(
                &thread, nil,
                { context in
                    Unmanaged<Storms>.fromOpaque(context!).takeUnretainedValue().work()
                    return nil
                }, context)
            precondition(failure == 0, "no thread: \(failure)")
            threads.append(thread)
        }
        for thread in threads { pthread_join(thread, nil) }
        if let violation {
            print(violation)
            return false
        }
        print(
            "seeds \(arguments.count) events \(counts.events) spawns \(counts.spawns) takeovers \(counts.takeovers)",
            "grants \(counts.grants) refusals \(counts.refusals) crashes \(counts.crashes)",
            "quarantines \(counts.quarantines) kills \(counts.kills) revokes \(counts.revokes)",
            "supervisor deaths \(counts.deaths) calms \(counts.calms)")
        return true
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        return body()
    }

    private func draw() -> UInt64? {
        locked {
            guard violation == nil, next < arguments.first + arguments.count else { return nil }
            defer { next += 1 }
            return next
        }
    }

    private func work() {
        while let seed = draw() {
            pthread_setspecific(seedOfThread, UnsafeRawPointer(bitPattern: UInt(seed) &+ 1))
            var simulation = Simulation(seed: seed)
            do {
                try simulation.run(events: arguments.events)
                locked { counts.add(simulation.counts) }
            } catch {
                // Of several at once the one with the least seed is told.
                locked { if violation.map({ $0.seed > seed }) ?? true { violation = error } }
            }
            if arguments.isTraced { print(simulation.transcript.joined(separator: "\n")) }
        }
    }
}
