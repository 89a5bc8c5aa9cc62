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
        fileprivate var items = Ring<any Runnable>()

        package init() {}

        package var count: Int { items.count }
    }

    /// Lanes that have items, in the order of their turns.
    private var ring = Ring<Lane>()

    package init() {}

    package var isEmpty: Bool { ring.count == 0 }

    /// Items of all lanes.
    package var count: Int { ring.items.reduce(0) { $0 + $1.count } }

    package mutating func put(_ item: any Runnable, in lane: Lane) {
        lane.items.put(item)
        if lane.count == 1 { ring.put(lane) }
    }

    /// The first item of the lane whose turn it is; that lane's next turn is behind all others'.
    package mutating func take() -> (any Runnable)? {
        guard let lane = ring.take() else { return nil }
        let item = lane.items.take()
        if lane.count > 0 { ring.put(lane) }
        return item
    }
}
