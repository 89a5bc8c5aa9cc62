/// A dictionary whose keys are bytes, looked up where they lie: nothing is copied or allocated to find one.
///
/// Open addressing with linear probing, at most half full, by the standard library's SipHash, which is keyed anew in
/// each process: who chooses the keys cannot choose their collisions.
package struct ByteTable<Value> {
    fileprivate struct Slot {
        let hash: Int
        let key: [UInt8]
        var value: Value
    }

    private var slots: [Slot?] = []
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package subscript(_ key: UnsafeRawBufferPointer) -> Value? {
        guard count > 0 else { return nil }
        let index = place(of: key, hash: Self.hash(key))
        return slots[index]?.value
    }

    package subscript(_ key: String) -> Value? { Array(key.utf8).withUnsafeBytes { self[$0] } }

    package mutating func set(_ key: String, _ value: Value) {
        if slots.count < 2 * (count + 1) { grow() }
        let bytes = Array(key.utf8)
        let hash = bytes.withUnsafeBytes { Self.hash($0) }
        let index = bytes.withUnsafeBytes { place(of: $0, hash: hash) }
        if slots[index] == nil { count += 1 }
        slots[index] = Slot(hash: hash, key: bytes, value: value)
    }

    package mutating func remove(_ key: String) {
        guard count > 0 else { return }
        var hole = Array(key.utf8).withUnsafeBytes { place(of: $0, hash: Self.hash($0)) }
        guard slots[hole] != nil else { return }
        slots[hole] = nil
        count -= 1
        // Whoever was put behind the hole because it was taken moves up.
        var index = next(hole)
        while let slot = slots[index] {
            let home = slot.hash & (slots.count - 1)
            if distance(home, index) >= distance(hole, index) {
                slots.swapAt(hole, index)
                hole = index
            }
            index = next(index)
        }
    }

    private static func hash(_ key: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: key)
        return hasher.finalize()
    }

    /// Where the key is, or would be.
    private func place(of key: UnsafeRawBufferPointer, hash: Int) -> Int {
        var index = hash & (slots.count - 1)
        while let slot = slots[index], slot.hash != hash || !slot.key.elementsEqual(key) { index = next(index) }
        return index
    }

    private func next(_ index: Int) -> Int { (index + 1) & (slots.count - 1) }

    private func distance(_ from: Int, _ to: Int) -> Int { (to - from) & (slots.count - 1) }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: nil, count: max(16, 2 * old.count))
        for case let slot? in old {
            slots[slot.key.withUnsafeBytes { place(of: $0, hash: slot.hash) }] = slot
        }
    }
}

extension ByteTable.Slot: Sendable where Value: Sendable {}
extension ByteTable: Sendable where Value: Sendable {}
