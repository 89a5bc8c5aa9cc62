import Contracts
import HTTP
import Nouns

/// A project's key in the form of its 128 bits, so that comparing two takes the same time wherever they differ.
package struct ProjectKey: Hashable, Sendable {
    package static let prefix: StaticString = "pk_"
    package static let length = 35

    private let high: UInt64
    private let low: UInt64

    /// Nil unless `pk_` and 32 lower-case hex digits.
    package init?(_ text: UnsafeRawBufferPointer) {
        guard text.count == Self.length, text[ByteRange(0, 3)].equals(Self.prefix) else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for index in 3..<Self.length {
            guard let digit = text[index].hexValue, !(0x41...0x46).contains(text[index]) else { return nil }
            words = (words.0 << 4 | words.1 >> 60, words.1 << 4 | UInt64(digit))
        }
        (high, low) = words
    }

    package init?(_ text: String) {
        guard let key = Array(text.utf8).withUnsafeBytes({ ProjectKey($0) }) else { return nil }
        self = key
    }

    package static func == (a: Self, b: Self) -> Bool { (a.high ^ b.high) | (a.low ^ b.low) == 0 }
}

/// Where a request carries the project's key, and what is left of its query without it.
package struct PresentedKey {
    /// Nil when what is presented has not a key's form.
    package let key: ProjectKey?
    /// The query's remaining pairs, when it held the key.
    package let strippedQuery: [UInt8]?

    /// From `X-Bunbase-Client-Key`, else from `key` in the query; nil when neither is there.
    ///
    /// - Throws: 400 when either is given twice or the query is malformed.
    package init?(_ head: borrowing RequestHead, in bytes: UnsafeRawBufferPointer) throws(Fault) {
        let fields = head.fields.count(.clientKey)
        guard fields <= 1 else { throw .keyRepeated }
        var fromQuery: [UInt8]?
        var stripped: [UInt8] = []
        if let range = head.query {
            let query = Query(bytes[range])
            try query.forEach { pair throws(Fault) in
                if try query.isNamed(pair, "key") {
                    guard fromQuery == nil else { throw .keyRepeated }
                    fromQuery = try PercentCoding.decode(bytes[range][pair.value], isForm: true)
                } else {
                    if !stripped.isEmpty { stripped.append(UInt8(ascii: "&")) }
                    stripped += bytes[range][pair.whole]
                }
                return true
            }
        }
        strippedQuery = fromQuery == nil ? nil : stripped
        if let field = head.fields.first(.clientKey) {
            key = ProjectKey(bytes[field])
        } else if let fromQuery {
            key = fromQuery.withUnsafeBytes { ProjectKey($0) }
        } else {
            return nil
        }
    }
}
