/// All addresses with the same first bits: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    package let first: IPAddress
    /// Bits that are the same.
    package let length: Int

    /// Nil when the text is not of the form; also when bits behind the length are set, which is mostly a slip.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]), parts.count <= 2 else { return nil }
        let all = address.isIPv6 ? 128 : 32
        guard parts.count == 2 else {
            (first, length) = (address, all)
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1]), length <= all, Self.isFirst(address, length)
        else { return nil }
        (first, self.length) = (address, length)
    }

    package func contains(_ address: IPAddress) -> Bool { first.shares(length, bitsWith: address) }

    package var description: String { length == (first.isIPv6 ? 128 : 32) ? "\(first)" : "\(first)/\(length)" }

    private static func isFirst(_ address: IPAddress, _ length: Int) -> Bool {
        let bytes = address.bytes
        return bytes.indices.allSatisfy { index in
            let kept = min(8, max(0, length - index * 8))
            return kept == 8 || bytes[index] << UInt8(kept) == 0
        }
    }
}
