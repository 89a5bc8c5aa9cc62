/// A walk over a table, bucket by bucket, that hands out what was there when it began. A bucket that is about to change
/// before the walk has come to it is copied first; the table does not grow meanwhile.
struct SnapshotPass {
    /// The next bucket.
    private var cursor = 0
    /// Buckets ahead that were kept already.
    private var kept: Set<Int> = []
    private var ahead: [Effect] = []
    /// The table as it was, when the keyspace was cleared and has a new one.
    private var detached: KeyTable?

    mutating func keep(_ table: KeyTable, bucket: Int) {
        guard detached == nil, bucket >= cursor, kept.insert(bucket).inserted else { return }
        table.forEach(in: bucket) { ahead.append(Self.effect($0)) }
    }

    mutating func detach(_ table: KeyTable) {
        if detached == nil { detached = table }
    }

    mutating func slice(of current: KeyTable, bytesMax: Int, _ body: (Effect) throws -> Void) rethrows -> Bool {
        let table = detached ?? current
        var bytes = 0
        while bytes < bytesMax {
            if let effect = ahead.popLast() {
                bytes += Self.size(effect)
                try body(effect)
                continue
            }
            guard cursor < table.bucketCount else { return false }
            let bucket = cursor
            cursor += 1
            bytes += 8
            guard kept.remove(bucket) == nil else { continue }
            table.forEach(in: bucket) { ahead.append(Self.effect($0)) }
        }
        return true
    }

    private static func effect(_ entry: Entry) -> Effect { .set(key: entry.key, entry.value, expiry: entry.expiry) }

    private static func size(_ effect: Effect) -> Int {
        guard case .set(let key, let value, _) = effect else { return 0 }
        return key.count + value.size + 32
    }
}
