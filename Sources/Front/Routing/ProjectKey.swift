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
