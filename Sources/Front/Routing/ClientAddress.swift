import Nouns

/// Who a client is, as far as its address tells: an IPv4 address, or the network of 64 bits of an IPv6 one, which is
/// what one subscriber has and can choose addresses from.
package struct ClientAddress: Hashable, Sendable {
    private let word: UInt64

    // No network of IPv6 begins with zeros.
    package init(_ address: IPAddress) { word = address.network }
}
