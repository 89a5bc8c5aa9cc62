/// One key and what it holds.
final class Entry {
    let key: [UInt8]
    var value: StoredValue
    /// Milliseconds since 1970; nil for never.
    var expiry: Int64?
    fileprivate(set) var next: Entry?

    init(key: [UInt8], value: StoredValue, expiry: Int64?) {
        (self.key, self.value, self.expiry) = (key, value, expiry)
    }
}

/// A hash table that grows by one bucket at a time (linear hashing: Litwin, VLDB 1980), so that no insertion has to
/// wait for all to be moved.
///
/// A split moves entries only to a higher bucket and the table never shrinks: walking over the buckets upwards meets
/// every entry that is there all the while, which is what `SCAN` promises.
struct KeyTable {
    private static let bucketsMin = 16
    /// Entries per bucket, on average, beyond which it grows.
    private static let load = 1

    private(set) var count = 0
    private var buckets: [Entry?] = Array(repeating: nil, count: bucketsMin)
    /// The number of buckets when the current round of splits began.
    private var round = bucketsMin
    /// The next bucket to be split.
    private var split = 0
    /// While set, nothing is split, so that every entry stays in its bucket.
    var isGrowthSuspended = false

    var bucketCount: Int { buckets.count }

    func bucket(of key: [UInt8]) -> Int {
        var hasher = Hasher()
        key.withUnsafeBytes { hasher.combine(bytes: $0) }
        let hash = hasher.finalize()
        let low = hash & (round - 1)
        return low < split ? hash & (2 * round - 1) : low
    }

    func find(_ key: [UInt8]) -> Entry? {
        var entry = buckets[bucket(of: key)]
        while let found = entry {
            if found.key == key { return found }
            entry = found.next
        }
        return nil
    }

    /// - Precondition: the key is not there.
    mutating func insert(_ entry: Entry) {
        let bucket = bucket(of: entry.key)
        entry.next = buckets[bucket]
        buckets[bucket] = entry
        count += 1
        if !isGrowthSuspended, count > buckets.count * Self.load { grow() }
    }

    @discardableResult
    mutating func remove(_ key: [UInt8]) -> Entry? {
        let bucket = bucket(of: key)
        var before: Entry?
        var entry = buckets[bucket]
        while let found = entry {
            if found.key == key {
                if let before { before.next = found.next } else { buckets[bucket] = found.next }
                found.next = nil
                count -= 1
                return found
            }
            (before, entry) = (found, found.next)
        }
        return nil
    }

    func forEach(in bucket: Int, _ body: (Entry) -> Void) {
        var entry = buckets[bucket]
        while let found = entry {
            body(found)
            entry = found.next
        }
    }

    /// Splits one bucket.
    private mutating func grow() {
        var entry = buckets[split]
        buckets[split] = nil
        buckets.append(nil)
        split += 1
        if split == round { (round, split) = (2 * round, 0) }
        while let moved = entry {
            entry = moved.next
            let bucket = bucket(of: moved.key)
            moved.next = buckets[bucket]
            buckets[bucket] = moved
        }
    }
}
