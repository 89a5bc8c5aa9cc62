/// Keys in the order of their priorities, least first; a key has at most one.
///
/// A binary heap whose entries are not removed when a key's priority changes: an entry counts only while it names its
/// key's priority of now, stale ones are dropped when they come up, or all together when they outnumber the others.
/// Changing costs O(log n), looking at the first O(1).
package struct PriorityQueue<Key: Hashable & Comparable & Sendable, Priority: Comparable & Sendable>: Sendable {
    private struct Entry {
        var priority: Priority
        var key: Key
        static func < (a: Entry, b: Entry) -> Bool {
            a.priority == b.priority ? a.key < b.key : a.priority < b.priority
        }
    }

    private var priorities: [Key: Priority] = [:]
    private var heap: [Entry] = []

    package init() {}

    package var count: Int { priorities.count }
    package var isEmpty: Bool { priorities.isEmpty }
    package subscript(key: Key) -> Priority? { priorities[key] }

    /// The least priority, of equals the least key.
    package var first: (key: Key, priority: Priority)? { heap.first.map { ($0.key, $0.priority) } }

    /// Nil takes the key out.
    package mutating func set(_ key: Key, to priority: Priority?) {
        guard let priority else {
            if priorities.removeValue(forKey: key) != nil { dropStale() }
            return
        }
        guard priorities.updateValue(priority, forKey: key) != priority else { return }
        heap.append(Entry(priority: priority, key: key))
        siftUp(from: heap.count - 1)
        dropStale()
    }

    package mutating func popFirst() -> (key: Key, priority: Priority)? {
        guard let first else { return nil }
        set(first.key, to: nil)
        return first
    }

    private mutating func dropStale() {
        if heap.count > 2 * priorities.count + 16 { rebuild() }
        while let top = heap.first, priorities[top.key] != top.priority { removeTop() }
    }

    private mutating func rebuild() {
        var seen: Set<Key> = []
        heap = heap.filter { priorities[$0.key] == $0.priority && seen.insert($0.key).inserted }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(from: index) }
    }

    private mutating func removeTop() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown(from: 0)
    }

    private mutating func siftUp(from start: Int) {
        var index = start
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(from start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
