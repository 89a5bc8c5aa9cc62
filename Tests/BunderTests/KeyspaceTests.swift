import KeyValues
import Support
import Testing

@Suite struct KeyspaceTests {
    private static func key(_ number: Int) -> [UInt8] { Array("key:\(number)".utf8) }

    private static func drawn(_ random: inout SplitMix64) -> Effect {
        let key = key(Int.random(in: 0..<300, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<55:
            let value = [UInt8](repeating: 7, count: Int.random(in: 0..<50, using: &random))
            let expiry = Bool.random(using: &random) ? Int64.random(in: 1...1000, using: &random) : nil
            return .set(key: key, .string(value), expiry: expiry)
        case 55..<85: return .delete(key: key)
        case 85..<98:
            return .expire(key: key, at: Bool.random(using: &random) ? Int64.random(in: 1...1000, using: &random) : nil)
        default: return .clear
        }
    }

    private struct Held: Hashable {
        var value: StoredValue
        var expiry: Int64?
    }

    private static func apply(_ effect: Effect, to model: inout [[UInt8]: Held]) {
        switch effect {
        case .set(let key, let value, let expiry): model[key] = Held(value: value, expiry: expiry)
        case .delete(let key): model[key] = nil
        case .expire(let key, let moment): model[key]?.expiry = moment
        case .clear: model = [:]
        }
    }

    @Test(arguments: UInt64(0)..<40)
    func `holds what a dictionary would hold, and a snapshot what it held when it began`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let keyspace = Keyspace()
        var model: [[UInt8]: Held] = [:]
        var atBegin: [[UInt8]: Held] = [:]
        var snapshot: [[UInt8]: Held] = [:]
        for _ in 0..<3000 {
            let effect = Self.drawn(&random)
            keyspace.apply(effect)
            Self.apply(effect, to: &model)
            if !keyspace.isSnapshotUnderWay {
                guard Int.random(in: 0..<100, using: &random) == 0 else { continue }
                keyspace.beginSnapshot()
                (atBegin, snapshot) = (model, [:])
            } else if Int.random(in: 0..<4, using: &random) == 0 {
                let isMore = keyspace.snapshotSlice(bytesMax: 200) { effect in
                    guard case .set(let key, _, _) = effect else { return }
                    #expect(snapshot[key] == nil, "handed out twice")
                    Self.apply(effect, to: &snapshot)
                }
                guard !isMore else { continue }
                keyspace.endSnapshot()
                #expect(snapshot == atBegin)
            }
        }
        var held: [[UInt8]: Held] = [:]
        keyspace.forEachKey(at: 0) { key, value in
            held[key] = Held(value: value, expiry: keyspace.expiry(of: key, at: 0)!)
        }
        #expect(held == model)
        #expect(keyspace.count == model.count)
        #expect(keyspace.expiringCount == model.values.filter { $0.expiry != nil }.count)
        #expect(keyspace.bytes == model.reduce(0) { $0 + $1.key.count + $1.value.value.size + Keyspace.entryCost })
        // Everything that expires does so in order, and only that.
        var expired: Set<[UInt8]> = []
        for now in Int64(1)...1000 { expired.formUnion(keyspace.expired(at: now, max: .max)) }
        #expect(expired == Set(model.filter { $0.value.expiry != nil }.keys))
    }

    @Test func `a scan meets every key that is there all the while, while others come and go`() {
        let keyspace = Keyspace()
        for number in 0..<500 { keyspace.apply(.set(key: Self.key(number), .string([]), expiry: nil)) }
        var met: Set<[UInt8]> = []
        var cursor: UInt64 = 0
        var next = 500
        repeat {
            cursor = keyspace.scan(from: cursor, count: 10, at: 0) { key, _ in met.insert(key) }
            for _ in 0..<40 {
                keyspace.apply(.set(key: Self.key(next), .string([]), expiry: nil))
                if next % 3 == 0 { keyspace.apply(.delete(key: Self.key(next - 30))) }
                next += 1
                if next > 6000 { break }
            }
        } while cursor != 0
        #expect((0..<470).allSatisfy { met.contains(Self.key($0)) })
    }

    @Test func `a cursor of another process begins anew instead of leaving keys out`() {
        let keyspace = Keyspace()
        keyspace.apply(.set(key: [1], .string([]), expiry: nil))
        var met = 0
        let other: UInt64 = 1 << 60 | 5
        #expect(keyspace.scan(from: other, count: 1000, at: 0) { _, _ in met += 1 } == 0)
        #expect(met == 1)
    }

    @Test func `a random key is any of them`() {
        let keyspace = Keyspace()
        for number in 0..<50 { keyspace.apply(.set(key: Self.key(number), .string([]), expiry: nil)) }
        var met: Set<[UInt8]> = []
        for start in 0..<keyspace.bucketCount * 8 { met.insert(keyspace.randomKey(start: start, at: 0)!) }
        #expect(met.count == 50)
    }

    @Test func `what could not be deleted is asked for again`() {
        let keyspace = Keyspace()
        keyspace.apply(.set(key: [1], .string([]), expiry: 5))
        let keys = keyspace.expired(at: 5, max: 10)
        #expect(keys == [[1]])
        #expect(keyspace.nextExpiry == nil)
        keyspace.postpone(keys)
        #expect(keyspace.expired(at: 5, max: 10) == [[1]])
    }

    @Test func `moments that no longer hold do not pile up`() {
        let keyspace = Keyspace()
        for moment in Int64(1)...100_000 { keyspace.apply(.set(key: [1], .string([]), expiry: moment)) }
        #expect(keyspace.expired(at: 99_999, max: 10).isEmpty)
        #expect(keyspace.expired(at: 100_000, max: 10) == [[1]])
    }
}

@Suite struct GlobTests {
    @Test(arguments: [
        ("*", "anything", true), ("*", "", true), ("", "", true), ("", "a", false), ("a", "a", true),
        ("a", "ab", false),
        ("a*", "abc", true), ("*c", "abc", true), ("a*c", "abbc", true), ("a*c", "abb", false), ("**a**", "xay", true),
        ("?", "a", true), ("?", "", false), ("a?c", "abc", true), ("[abc]x", "bx", true), ("[abc]x", "dx", false),
        ("[^a]", "b", true), ("[^a]", "a", false), ("[a-c]", "b", true), ("[c-a]", "b", true), ("[a-c]", "d", false),
        ("\\*", "*", true), ("\\*", "a", false), ("[\\]]", "]", true), ("[ab", "a", true),
        ("user:*:name", "user:1:name", true),
        ("*\n*", "a\nb", true), ("h[a-]llo", "h-llo", true), ("a*b*c", "aXbXbXc", true), ("a*b*c", "aXcXb", false),
    ])
    func `matches as Redis matches`(pattern: String, key: String, matches: Bool) {
        #expect(Glob(Array(pattern.utf8)).matches(Array(key.utf8)) == matches)
    }

    @Test func `takes no exponential time`() {
        let pattern = Array(String(repeating: "a*", count: 50).utf8) + [UInt8(ascii: "b")]
        #expect(!Glob(pattern).matches([UInt8](repeating: UInt8(ascii: "a"), count: 2000)))
    }
}
