/// An internet address without a port. An IPv4 address that is written as IPv6 (`::ffff:1.2.3.4`) is the IPv4 address.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// In the order of the network: an IPv4 address in the last 32 bits.
    private let high: UInt64
    private let low: UInt64
    package let isIPv6: Bool

    private static let mapped: UInt64 = 0xFFFF_0000_0000

    private init(high: UInt64, low: UInt64) {
        isIPv6 = high != 0 || low >> 32 != Self.mapped >> 32
        (self.high, self.low) = (high, isIPv6 ? low : low & 0xFFFF_FFFF)
    }

    /// From 4 or 16 bytes in the order of the network; nil for any other number.
    package init?(_ bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self.init(high: 0, low: Self.mapped | Self.word(bytes))
        case 16: self.init(high: Self.word(bytes.prefix(8)), low: Self.word(bytes.dropFirst(8)))
        default: return nil
        }
    }

    private static func word(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func word(of groups: ArraySlice<UInt16>) -> UInt64 {
        groups.reduce(0) { $0 << 16 | UInt64($1) }
    }

    /// From `192.0.2.1` or `2001:db8::1` (RFC 4291 §2.2), without brackets, port or zone.
    package init?(_ text: some StringProtocol) {
        if let word = Self.dotted(text) {
            self.init(high: 0, low: Self.mapped | word)
        } else if let groups = Self.groups(text) {
            self.init(high: Self.word(of: groups[..<4]), low: Self.word(of: groups[4...]))
        } else {
            return nil
        }
    }

    /// The bits of this address and of another are the same up to a length.
    package func shares(_ length: Int, bitsWith other: IPAddress) -> Bool {
        guard isIPv6 == other.isIPv6 else { return false }
        let (upper, lower) = isIPv6 ? (min(length, 64), max(0, length - 64)) : (0, length + 32)
        // Shifts beyond the width give zero.
        return (high ^ other.high) >> UInt64(64 - upper) == 0 && (low ^ other.low) >> UInt64(64 - lower) == 0
    }

    /// The first 64 bits of an IPv6 address, which is what one subscriber has; all of an IPv4 one.
    package var network: UInt64 { isIPv6 ? high : low }

    /// 4 or 16 bytes in the order of the network.
    package var bytes: [UInt8] {
        let words = isIPv6 ? [high, low] : [low << 32]
        let all = words.flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(word >> UInt64($0) & 255) } }
        return isIPv6 ? all : Array(all.prefix(4))
    }

    /// As RFC 5952 §4 wants it: lower-case, the longest run of zeros left out.
    package var description: String {
        guard isIPv6 else { return bytes.map { "\($0)" }.joined(separator: ".") }
        let groups = (0..<8).map { index in UInt16(bytes[index * 2]) << 8 | UInt16(bytes[index * 2 + 1]) }
        var longest = 0..<0
        var start = 0
        for end in 1...8 where end == 8 || (groups[end] == 0) != (groups[start] == 0) {
            if groups[start] == 0, end - start > max(1, longest.count) { longest = start..<end }
            start = end
        }
        let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard !longest.isEmpty else { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }

    private static func dotted(_ text: some StringProtocol) -> UInt64? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var word: UInt64 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            let number = part.reduce(0) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) }
            guard number <= 255 else { return nil }
            word = word << 8 | number
        }
        return word
    }

    /// The eight groups of an IPv6 address.
    private static func groups(_ text: some StringProtocol) -> [UInt16]? {
        guard (2...45).contains(text.utf8.count) else { return nil }
        guard let gap = text.firstRange(of: "::") else {
            let groups = list(text)
            return groups?.count == 8 ? groups : nil
        }
        let (head, tail) = (text[..<gap.lowerBound], text[gap.upperBound...])
        guard let before = head.isEmpty ? [] : list(head), !before.isEmpty || head.isEmpty, !head.contains("."),
            let after = tail.isEmpty ? [] : list(tail), before.count + after.count < 8
        else { return nil }
        return before + [UInt16](repeating: 0, count: 8 - before.count - after.count) + after
    }

    /// Groups between single colons; the last may be a dotted IPv4 address, which makes two.
    private static func list(_ text: some StringProtocol) -> [UInt16]? {
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, let word = dotted(part) {
                groups += [UInt16(word >> 16), UInt16(word & 0xFFFF)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHex), let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
