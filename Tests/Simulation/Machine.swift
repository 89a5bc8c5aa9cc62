import Nouns
import Supervision

/// A machine's processes and sockets, without the machine.
struct Machine {
    struct Process {
        let incarnation: Incarnation
        let kind: Kind
        var instance: InstanceID?
        var generation: Generation?
        /// What the supervisor has been told of it.
        var isKnownReady = false
        var saidStopping = false
        /// A process may ignore the request to terminate; nothing ignores a kill.
        var obeysTerminate = true
        var isHanging = false
        var isWatched = false
        /// By when the supervisor must have killed it.
        var readyBy: Instant?
        var stoppedBy: Instant?
        var pingedBy: Instant?
        /// Since when it is what it is: blank, or an instance's.
        var since: Instant
        /// The watchdog's, as it was told.
        var period: Duration?
        var nextPing = Instant.zero
        /// Its successor has taken over.
        var isRelieved = false
        var relievedBy: Instant?
        var isTerminated = false
        var isKilled = false
        /// Dead, and its notice is under way.
        var isGone = false

        var isStarting: Bool { !isKnownReady && !isTerminated && !isKilled }
    }

    struct Socket {
        let instance: InstanceID
        let port: UInt16
        var isLost = false
    }

    /// By incarnation, in order: a process is here until the supervisor has heard of its end.
    private(set) var processes: [Process] = []
    var sockets: [Generation: Socket] = [:]
    /// Above every number used.
    var incarnationNext = Incarnation(1)
    var generationNext = Generation(1)

    func index(_ incarnation: Incarnation) -> Int? {
        var low = 0, high = processes.count
        while low < high {
            let middle = (low + high) / 2
            if processes[middle].incarnation < incarnation { low = middle + 1 } else { high = middle }
        }
        return low < processes.count && processes[low].incarnation == incarnation ? low : nil
    }

    subscript(incarnation: Incarnation) -> Process? { index(incarnation).map { processes[$0] } }

    mutating func add(_ incarnation: Incarnation, _ kind: Kind, since: Instant, readyBy: Instant) {
        processes.append(Process(incarnation: incarnation, kind: kind, readyBy: readyBy, since: since))
        incarnationNext = max(incarnationNext, incarnation.next)
    }

    mutating func change(_ incarnation: Incarnation, _ change: (inout Process) -> Void) {
        if let index = index(incarnation) { change(&processes[index]) }
    }

    mutating func remove(_ incarnation: Incarnation) {
        if let index = index(incarnation) { processes.remove(at: index) }
    }

    /// Not counting those that are only finishing, or that are not ready beside one that is.
    func process(of instance: InstanceID) -> Process? {
        let all = processes.filter { $0.instance == instance && !$0.isRelieved }
        return all.first { $0.isKnownReady && !$0.isTerminated } ?? all.first
    }
    var startingCount: Int { processes.count { $0.isStarting } }
}
