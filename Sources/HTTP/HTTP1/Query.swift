import Nouns

/// The query of a target as pairs, in place and undecoded.
package struct Query {
    package struct Pair {
        /// From the name's first byte to the value's last, without the `&`.
        package let whole: ByteRange
        package let name: ByteRange
        package let value: ByteRange
    }

    private let bytes: UnsafeRawBufferPointer

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Calls with each pair until `body` returns false. Empty pairs are left out; a name without `=` has an empty
    /// value.
    package func forEach(_ body: (Pair) throws(Fault) -> Bool) throws(Fault) {
        var start = 0
        for end in 0...bytes.count where end == bytes.count || bytes[end] == UInt8(ascii: "&") {
            if end > start {
                var equals = start
                while equals < end, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
                let pair = Pair(
                    whole: ByteRange(start, end), name: ByteRange(start, equals),
                    value: ByteRange(min(equals + 1, end), end))
                guard try body(pair) else { return }
            }
            start = end + 1
        }
    }

    /// The decoded value of the first pair of that name; nil when there is none.
    package func first(_ name: StaticString) throws(Fault) -> [UInt8]? {
        var found: [UInt8]?
        try forEach { pair throws(Fault) in
            guard try isNamed(pair, name) else { return true }
            found = try PercentCoding.decode(bytes[pair.value], isForm: true)
            return false
        }
        return found
    }

    /// Whether the pair's name, decoded, is this one.
    package func isNamed(_ pair: Pair, _ name: StaticString) throws(Fault) -> Bool {
        let raw = bytes[pair.name]
        if raw.equals(name) { return true }
        guard raw.count > name.utf8CodeUnitCount, raw.contains(UInt8(ascii: "%")) else { return false }
        let decoded = try PercentCoding.decode(raw, isForm: true)
        return decoded.withUnsafeBytes { $0.equals(name) }
    }
}
