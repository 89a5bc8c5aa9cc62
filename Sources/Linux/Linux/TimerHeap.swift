import Nouns

/// Actions waiting for their moment: a binary heap, earliest first; equal moments in the order of insertion.
package struct TimerHeap {
    package struct ID: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Entry {
        var moment: Instant
        var number: UInt64
        static func isBefore(_ a: Entry, _ b: Entry) -> Bool {
            a.moment == b.moment ? a.number < b.number : a.moment < b.moment
        }
    }

    private var heap: [Entry] = []
    private var actions: [UInt64: () -> Void] = [:]
    private var lastNumber: UInt64 = 0

    package init() {}

    package var count: Int { actions.count }

    /// The earliest moment at which something is due.
    package var next: Instant? {
        mutating get {
            dropCancelled()
            return heap.first?.moment
        }
    }

    package mutating func insert(at moment: Instant, _ action: @escaping () -> Void) -> ID {
        lastNumber += 1
        actions[lastNumber] = action
        heap.append(Entry(moment: moment, number: lastNumber))
        siftUp(from: heap.count - 1)
        return ID(number: lastNumber)
    }

    /// Does nothing when the timer has already fired or was removed.
    package mutating func remove(_ id: ID) {
        actions[id.number] = nil
        // Cancelled entries leave when they come to the top; rebuild before they outnumber the live ones.
        if heap.count > 64, heap.count > 2 * actions.count { rebuild() }
    }

    /// The timer inserted last.
    package var lastID: ID { ID(number: lastNumber) }

    /// The next action that is due, removed; nil when none is, or the next one was inserted after `last`.
    package mutating func popDue(at now: Instant, upTo last: ID? = nil) -> (() -> Void)? {
        dropCancelled()
        guard let first = heap.first, first.moment <= now, first.number <= last?.number ?? .max else {
            return nil
        }
        removeFirst()
        return actions.removeValue(forKey: first.number)
    }

    private mutating func dropCancelled() {
        while let first = heap.first, actions[first.number] == nil { removeFirst() }
    }

    private mutating func rebuild() {
        heap = heap.filter { actions[$0.number] != nil }.sorted(by: Entry.isBefore)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            let left = 2 * index + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && Entry.isBefore(heap[right], heap[left]) ? right : left
            guard Entry.isBefore(heap[child], heap[index]) else { return }
            heap.swapAt(child, index)
            index = child
        }
    }

    private mutating func siftUp(from start: Int) {
        var index = start
        while index > 0, case let parent = (index - 1) / 2, Entry.isBefore(heap[index], heap[parent]) {
            heap.swapAt(parent, index)
            index = parent
        }
    }
}
