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
        guard text.count == Self.length, text[ByteRange(0, 3)].equals(Self.prefix), let digits = text.baseAddress,
            let high = HexWord.read(digits + 3), let low = HexWord.read(digits + 19)
        else { return nil }
        (self.high, self.low) = (high, low)
    }

    package init?(_ text: String) {
        guard let key = Array(text.utf8).withUnsafeBytes({ ProjectKey($0) }) else { return nil }
        self = key
    }

    package static func == (a: Self, b: Self) -> Bool { (a.high ^ b.high) | (a.low ^ b.low) == 0 }
}
