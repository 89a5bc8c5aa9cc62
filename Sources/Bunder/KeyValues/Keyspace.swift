/// All keys of a project. It decides nothing and knows no clock: effects go in, moments (milliseconds since 1970) come
/// with questions. A key whose moment has come counts as gone, although it is only removed by the `delete` that
/// `expired` asks for.
package final class Keyspace {
    /// What a key costs beside its bytes: entry, two arrays, its place in the table. An estimate, measured.
    package static let entryCost = 160

    /// What keys and values take, about.
    package private(set) var bytes = 0
    /// With keys that have expired and are not removed yet.
    package var count: Int { table.count }
    /// How many of them will expire.
    package private(set) var expiringCount = 0

    private var table = KeyTable()
    private var expiries = ExpiryHeap()
    private var pass: SnapshotPass?
    /// Told apart from tables of other processes, whose cursors mean nothing here.
    private let scanTag = UInt64(UInt16.random(in: 1 ... .max)) << 40

    package init() {}

    // MARK: Asking

    package func value(of key: [UInt8], at now: Int64) -> StoredValue? { live(key, at: now)?.value }

    /// Nil when the key is not there; `.some(nil)` when it does not expire.
    package func expiry(of key: [UInt8], at now: Int64) -> Int64?? { live(key, at: now).map(\.expiry) }

    /// Every key that is there, in no order.
    package func forEachKey(at now: Int64, _ body: ([UInt8], StoredValue) -> Void) {
        for bucket in 0..<table.bucketCount { visit(bucket, at: now, body) }
    }

    /// Some keys, and where to go on; 0 when all were met. A cursor that is none of ours begins anew.
    package func scan(
        from cursor: UInt64, count: Int, at now: Int64, _ body: ([UInt8], StoredValue) -> Void
    ) -> UInt64 {
        var bucket = cursor >> 40 == scanTag >> 40 ? Int(cursor & 0xff_ffff_ffff) : 0
        var visited = 0
        while bucket < table.bucketCount, visited < count {
            visit(bucket, at: now) { key, value in
                visited += 1
                body(key, value)
            }
            visited += 1
            bucket += 1
        }
        return bucket < table.bucketCount ? scanTag | UInt64(bucket) : 0
    }

    /// Any key, all about equally likely; nil when there is none. `start` chooses.
    package func randomKey(start: Int, at now: Int64) -> [UInt8]? {
        for step in 0..<table.bucketCount {
            var keys: [[UInt8]] = []
            visit((start + step) % table.bucketCount, at: now) { key, _ in keys.append(key) }
            if !keys.isEmpty { return keys[start / table.bucketCount % keys.count] }
        }
        return nil
    }

    package var bucketCount: Int { table.bucketCount }

    /// How much `bytes` grows, at most, when the effects are applied.
    package func growth(by effects: [Effect]) -> Int {
        effects.reduce(0) { sum, effect in
            guard case .set(let key, let value, _) = effect else { return sum }
            if let old = table.find(key) { return sum + value.size - old.value.size }
            return sum + Self.cost(key, value)
        }
    }

    // MARK: Expiry

    /// When the next key expires, if any does.
    package var nextExpiry: Int64? { expiries.first?.moment }

    /// Keys whose moment has come, at most `max`: delete them, then ask again.
    package func expired(at now: Int64, max: Int) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        while keys.count < max, let next = expiries.first, next.moment <= now {
            expiries.removeFirst()
            if table.find(next.key)?.expiry == next.moment { keys.append(next.key) }
        }
        return keys
    }

    /// Gives keys back that `expired` handed out and that could not be deleted.
    package func postpone(_ keys: [[UInt8]]) {
        for key in keys {
            if let moment = table.find(key)?.expiry { expiries.insert(moment, key) }
        }
    }

    // MARK: Changing

    package func apply(_ effect: Effect) {
        switch effect {
        case .set(let key, let value, let expiry): set(key, value, expiry)
        case .delete(let key): delete(key)
        case .expire(let key, let moment):
            guard table.find(key) != nil else { return }
            touch(key)
            change(table.find(key)!, expiry: moment)
        case .clear: clear()
        }
    }

    private func set(_ key: [UInt8], _ value: StoredValue, _ expiry: Int64?) {
        touch(key)
        if let entry = table.find(key) {
            bytes += value.size - entry.value.size
            entry.value = value
            change(entry, expiry: expiry)
        } else {
            let entry = Entry(key: key, value: value, expiry: nil)
            table.insert(entry)
            bytes += Self.cost(key, value)
            change(entry, expiry: expiry)
        }
    }

    private func delete(_ key: [UInt8]) {
        touch(key)
        guard let entry = table.remove(key) else { return }
        bytes -= Self.cost(key, entry.value)
        if entry.expiry != nil { expiringCount -= 1 }
        tidyExpiries()
    }

    private func clear() {
        pass?.detach(table)
        table = KeyTable()
        expiries = ExpiryHeap()
        (bytes, expiringCount) = (0, 0)
    }

    private func change(_ entry: Entry, expiry: Int64?) {
        guard entry.expiry != expiry else { return }
        expiringCount += (expiry == nil ? 0 : 1) - (entry.expiry == nil ? 0 : 1)
        entry.expiry = expiry
        if let expiry { expiries.insert(expiry, entry.key) }
        tidyExpiries()
    }

    /// Drops what no key stands for any more, before it outnumbers the rest.
    private func tidyExpiries() {
        guard expiries.count > 64, expiries.count > 2 * expiringCount else { return }
        expiries.keep { [table] in table.find($0.key)?.expiry == $0.moment }
    }

    // MARK: Snapshots

    /// Begins to hand out the keyspace as it is now, whatever changes meanwhile.
    package func beginSnapshot() {
        table.isGrowthSuspended = true
        pass = SnapshotPass()
    }

    package func endSnapshot() {
        table.isGrowthSuspended = false
        pass = nil
    }

    package var isSnapshotUnderWay: Bool { pass != nil }

    /// Hands out about so many bytes of it. False when that was the last of it.
    package func snapshotSlice(bytesMax: Int, _ body: (Effect) throws -> Void) rethrows -> Bool {
        guard var current = pass else { return false }
        pass = nil
        defer { pass = current }
        return try current.slice(of: table, bytesMax: bytesMax, body)
    }

    /// Before a key changes: what a snapshot under way has not seen yet is kept for it.
    private func touch(_ key: [UInt8]) {
        guard pass != nil else { return }
        pass!.keep(table, bucket: table.bucket(of: key))
    }

    // MARK: Inside

    private func live(_ key: [UInt8], at now: Int64) -> Entry? {
        guard let entry = table.find(key), entry.expiry.map({ $0 > now }) ?? true else { return nil }
        return entry
    }

    private func visit(_ bucket: Int, at now: Int64, _ body: ([UInt8], StoredValue) -> Void) {
        table.forEach(in: bucket) { entry in
            if entry.expiry.map({ $0 > now }) ?? true { body(entry.key, entry.value) }
        }
    }

    private static func cost(_ key: [UInt8], _ value: StoredValue) -> Int { key.count + value.size + entryCost }
}
