/// A queue in a ring of slots, which doubles when it is full: putting and taking move nothing.
struct Ring<Item> {
    /// Slots that are kept while nothing is in them.
    private static var spareMax: Int { 1024 }

    /// A power of two, or none.
    private var slots: [Item?] = []
    private var first = 0
    private(set) var count = 0

    mutating func put(_ item: Item) {
        if count == slots.count { grow() }
        slots[(first + count) & (slots.count - 1)] = item
        count += 1
    }

    /// The item that was put first; nil when there is none.
    mutating func take() -> Item? {
        guard count > 0 else { return nil }
        var item: Item?
        swap(&item, &slots[first])
        first = (first + 1) & (slots.count - 1)
        count -= 1
        if count == 0, slots.count > Self.spareMax { (slots, first) = ([], 0) }
        return item
    }

    private mutating func grow() {
        let old = (0..<count).map { slots[(first + $0) & (slots.count - 1)] }
        slots = old + [Item?](repeating: nil, count: max(8, old.count))
        first = 0
    }

    /// What is in it, in order.
    var items: [Item] { (0..<count).compactMap { slots[(first + $0) & (slots.count - 1)] } }
}
