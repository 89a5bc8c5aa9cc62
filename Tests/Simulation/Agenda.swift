import Nouns

/// What is still to come, in order of time; of what comes at the same moment, first what was put in first.
struct Agenda<Item> {
    private struct Entry {
        var at: Instant
        var number: UInt64
        var item: Item
        static func < (a: Entry, b: Entry) -> Bool { a.at == b.at ? a.number < b.number : a.at < b.at }
    }

    private var heap: [Entry] = []
    private var last: UInt64 = 0

    var next: Instant? { heap.first?.at }

    mutating func add(_ item: Item, at moment: Instant) {
        last += 1
        heap.append(Entry(at: moment, number: last, item: item))
        var index = heap.count - 1
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func pop() -> Item? {
        guard let first = heap.first else { return nil }
        let end = heap.removeLast()
        guard !heap.isEmpty else { return first.item }
        heap[0] = end
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != index else { return first.item }
            heap.swapAt(index, least)
            index = least
        }
    }

    /// Forgets what the test says; the rest keeps its order.
    mutating func removeAll(where isGone: (Item) -> Bool) {
        let kept = heap.filter { !isGone($0.item) }.sorted { $0 < $1 }
        heap = kept
    }
}
