/// Moments and keys, earliest first: a binary heap. A key may be in it with moments that no longer hold; whoever takes
/// one out compares.
struct ExpiryHeap {
    struct Item {
        var moment: Int64
        var key: [UInt8]
    }

    private var items: [Item] = []

    var count: Int { items.count }
    var first: Item? { items.first }

    mutating func insert(_ moment: Int64, _ key: [UInt8]) {
        items.append(Item(moment: moment, key: key))
        var index = items.count - 1
        while index > 0, case let parent = (index - 1) / 2, items[index].moment < items[parent].moment {
            items.swapAt(index, parent)
            index = parent
        }
    }

    mutating func removeFirst() {
        items.swapAt(0, items.count - 1)
        items.removeLast()
        sink(0)
    }

    mutating func keep(_ isKept: (Item) -> Bool) {
        items = items.filter(isKept).sorted { $0.moment < $1.moment }
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while case let left = 2 * index + 1, left < items.count {
            let right = left + 1
            let child = right < items.count && items[right].moment < items[left].moment ? right : left
            guard items[child].moment < items[index].moment else { return }
            items.swapAt(child, index)
            index = child
        }
    }
}
