import Foundation
import Glibc
import Synchronization

/// Ends and removes what a run has made when the person who started it has enough (SIGINT, SIGTERM).
final class Interruption: Sendable {
    private let undoings = Mutex<[@Sendable () -> Void]>([])
    private static let caught = Atomic<Int32>(0)

    init() {
        for number in [SIGINT, SIGTERM] {
            // A handler, not SIG_IGN, which the processes that are started would inherit.
            signal(number) { Interruption.caught.store($0, ordering: .relaxed) }
        }
        Thread.detachNewThread { [self] in
            while true {
                Stopwatch.pause(.milliseconds(200))
                let number = Self.caught.load(ordering: .relaxed)
                guard number > 0 else { continue }
                for undo in undoings.withLock({ $0 }).reversed() { undo() }
                exit(128 + number)
            }
        }
    }

    /// Last in, first undone.
    func undo(by action: @escaping @Sendable () -> Void) { undoings.withLock { $0.append(action) } }
}
