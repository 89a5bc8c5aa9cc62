/// A cache of bounded size that lets go of what was not used lately: the clock algorithm (Corbató 1968).
///
/// Reading marks an entry; when there is no room, the hand goes round, takes marks away and evicts the first entry
/// without one. A read costs one hash and no more memory than the entry.
package struct SecondChance<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let key: Key
        var value: Value
        var isMarked: Bool
    }

    private var places: [Key: Int] = [:]
    private var entries: [Entry] = []
    private var hand = 0
    private let countMax: Int

    package init(countMax: Int) {
        precondition(countMax > 0, "a cache without room")
        self.countMax = countMax
    }

    package var count: Int { entries.count }

    package mutating func value(_ key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        entries[place].isMarked = true
        return entries[place].value
    }

    package mutating func set(_ key: Key, _ value: Value) {
        if let place = places[key] {
            entries[place].value = value
            entries[place].isMarked = true
        } else if entries.count < countMax {
            places[key] = entries.count
            entries.append(Entry(key: key, value: value, isMarked: false))
        } else {
            while entries[hand].isMarked {
                entries[hand].isMarked = false
                hand = (hand + 1) % entries.count
            }
            places[entries[hand].key] = nil
            places[key] = hand
            entries[hand] = Entry(key: key, value: value, isMarked: false)
            hand = (hand + 1) % entries.count
        }
    }

    package mutating func remove(_ key: Key) {
        guard let place = places[key] else { return }
        remove(at: place)
    }

    package mutating func remove(where isGone: (Value) -> Bool) {
        for place in entries.indices.reversed() where isGone(entries[place].value) { remove(at: place) }
    }

    package mutating func removeAll() {
        (places, entries, hand) = ([:], [], 0)
    }

    private mutating func remove(at place: Int) {
        places[entries[place].key] = nil
        let last = entries.removeLast()
        if place < entries.count {
            entries[place] = last
            places[last.key] = place
        }
        if hand >= entries.count { hand = 0 }
    }
}
