/// Bytes as lower-case hexadecimal digits: how secrets are written.
package enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Whether the text is so many digits, and nothing else.
    package static func isText(_ text: some StringProtocol, digits count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Two digits for each byte.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
