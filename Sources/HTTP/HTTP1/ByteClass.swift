/// Whether all bytes are of a class of `UInt8`'s, sixteen at a time.
extension UnsafeRawBufferPointer {
    package var isToken: Bool {
        guard let base = baseAddress else { return true }
        let rest = WordScan.skipName(base, 0, count)
        return UnsafeRawBufferPointer(rebasing: self[rest...]).allSatisfy { $0.isToken }
    }

    package var isTarget: Bool {
        baseAddress.map { WordScan.endOfTarget($0, 0, count, readable: count) == count } ?? true
    }

    package var isAuthority: Bool { baseAddress.map { WordScan.isAuthority($0, 0, count, readable: count) } ?? true }

    package var isFieldValue: Bool { baseAddress.map { WordScan.endOfValue($0, 0, count) == count } ?? true }
}

/// The classes of bytes that HTTP's grammar is made of (RFC 9110 §5.6, RFC 3986 §2).
extension UInt8 {
    /// `tchar`: what methods and field names consist of.
    @inlinable package var isToken: Bool {
        Self.isMember(self, low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// What a request's target may hold: visible ASCII but `"`, `#`, `<`, `>` and `\`.
    ///
    /// Wider than RFC 3986 by ``[]^`{|}``, which browsers leave as they are in queries.
    @inlinable package var isTarget: Bool {
        Self.isMember(self, low: 0xAFFF_FFF2_0000_0000, high: 0x7FFF_FFFF_EFFF_FFFF)
    }

    /// What `Host` may hold: unreserved and sub-delims of RFC 3986, and `%`, `:`, `[`, `]`.
    @inlinable package var isAuthority: Bool {
        Self.isMember(self, low: 0x2FFF_7FF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFE)
    }

    /// Visible ASCII, space, tab and everything beyond ASCII: what a field's value may hold (RFC 9110 §5.5).
    @inlinable package var isFieldValue: Bool { (self >= 0x20 && self != 0x7F) || self == 0x09 }

    @inlinable package var isOptionalSpace: Bool { self == 0x20 || self == 0x09 }
    @inlinable package var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    @inlinable package var lowercasedASCII: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }

    /// The value of a hexadecimal digit.
    @inlinable package var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }

    /// Looks a byte up in a set of ASCII bytes given as two words of bits.
    @inlinable static func isMember(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        guard byte < 128 else { return false }
        return ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }
}
