/// Who a client is, as far as its address tells: an IPv4 address, or the network of 64 bits of an IPv6 one, which is
/// what one subscriber has and can choose addresses from.
package struct ClientAddress: Hashable, Sendable {
    private let word: UInt64

    /// From the 4 or 16 bytes of an address in the order of the network; nil for any other number.
    package init?(_ bytes: some Collection<UInt8>) {
        let isMapped =
            bytes.count == 16 && bytes.prefix(10).allSatisfy { $0 == 0 }
            && bytes.dropFirst(10).prefix(2).allSatisfy { $0 == 0xFF }
        switch bytes.count {
        // No network of IPv6 begins with zeros.
        case 4: word = Self.word(bytes)
        case 16 where isMapped: word = Self.word(bytes.suffix(4))
        case 16: word = Self.word(bytes.prefix(8))
        default: return nil
        }
    }

    private static func word(_ bytes: some Collection<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
