/// What waits for its turn in a queue of work.
package protocol Runnable: AnyObject {
    func run()
}

/// Whose turn it is, between lanes that each have a queue: one item of each lane that has any, round and round.
///
/// A lane that offers a thousand items gets one share, as one that offers ten.
package struct FairQueue {
    /// The queue of one party; its owner keeps it.
    package final class Lane {
        fileprivate var items: [any Runnable] = []
        fileprivate var first = 0

        package init() {}

        package var count: Int { items.count - first }

        fileprivate func take() -> any Runnable {
            let item = items[first]
            first += 1
            if first == items.count {
                items.removeAll(keepingCapacity: items.capacity <= 1024)
                first = 0
            } else if first >= 1024 {
                items.removeFirst(first)
                first = 0
            }
            return item
        }
    }

    /// Lanes that have items, in the order of their turns; those before `next` are empty.
    private var ring: [Lane] = []
    private var next = 0

    package init() {}

    package var isEmpty: Bool { next == ring.count }

    /// Items of all lanes.
    package var count: Int { ring[next...].reduce(0) { $0 + $1.count } }

    package mutating func put(_ item: any Runnable, in lane: Lane) {
        lane.items.append(item)
        if lane.count == 1 { ring.append(lane) }
    }

    /// The first item of the lane whose turn it is; that lane's next turn is behind all others'.
    package mutating func take() -> (any Runnable)? {
        guard next < ring.count else { return nil }
        let lane = ring[next]
        next += 1
        let item = lane.take()
        if lane.count > 0 { ring.append(lane) }
        if next == ring.count {
            ring.removeAll(keepingCapacity: true)
            next = 0
        } else if next >= 256 {
            ring.removeFirst(next)
            next = 0
        }
        return item
    }
}
