import HTTP
import Nouns

/// An operator's token in the form of its 160 bits: `bbt_` and 40 lower-case hex digits. Comparing two takes the same
/// time wherever they differ.
package struct OperatorToken: Hashable, Sendable, CustomStringConvertible {
    package static let prefix: StaticString = "bbt_"
    package static let length = 44

    private let high: UInt64
    private let middle: UInt64
    private let low: UInt64

    /// Nil when the text is not of the form.
    package init?(_ text: UnsafeRawBufferPointer) {
        guard text.count == Self.length, Self.begins(text) else { return nil }
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        for index in 4..<Self.length {
            guard let digit = text[index].hexValue, !(0x41...0x46).contains(text[index]) else { return nil }
            words.0 = words.0 << 4 | words.1 >> 60
            words.1 = words.1 << 4 | words.2 >> 60
            words.2 = words.2 << 4 | UInt64(digit)
        }
        (high, middle, low) = words
    }

    package init?(_ text: String) {
        guard let token = Array(text.utf8).withUnsafeBytes({ OperatorToken($0) }) else { return nil }
        self = token
    }

    /// Whether a text means to be a token, well-formed or not.
    package static func begins(_ text: UnsafeRawBufferPointer) -> Bool {
        text.count >= 4 && text[ByteRange(0, 4)].equals(prefix)
    }

    /// As it was presented, to be hashed. Not for logs.
    package var secret: [UInt8] {
        var text = Array("bbt_".utf8)
        text.append(contentsOf: Self.digits(high, 8))
        text.append(contentsOf: Self.digits(middle, 16))
        text.append(contentsOf: Self.digits(low, 16))
        return text
    }

    package var description: String { "operator token(hidden)" }

    package static func == (a: Self, b: Self) -> Bool {
        (a.high ^ b.high) | (a.middle ^ b.middle) | (a.low ^ b.low) == 0
    }

    private static func digits(_ word: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { index in
            Array("0123456789abcdef".utf8)[Int(word >> UInt64(4 * (count - 1 - index)) & 15)]
        }
    }
}
