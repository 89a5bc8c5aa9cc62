/// Looks at eight bytes at once, for the loops that see every byte of a head.
enum WordScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The first byte from `start` on that a field's value may not hold (`UInt8.isFieldValue`): CR at the end of a good
    /// line. `end` when there is none.
    @inline(__always)
    static func endOfValue(_ bytes: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index + 8 <= end {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            // The lowest high bit that is set belongs to a byte below 0x20 or to 0x7F; borrows spoil only later ones.
            let controls = ((word &- ones &* 0x20) | ((word ^ ones &* 0x7F) &- ones)) & ~word & highs
            if controls == 0 {
                index += 8
                continue
            }
            index += controls.trailingZeroBitCount >> 3
            guard bytes.load(fromByteOffset: index, as: UInt8.self) == 0x09 else { return index }
            index += 1
        }
        while index < end, bytes.load(fromByteOffset: index, as: UInt8.self).isFieldValue { index += 1 }
        return index
    }

    /// Passes over letters, digits and hyphens, eight at a time; there may be more of them where it stops.
    @inline(__always)
    static func skipName(_ bytes: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index + 8 <= end {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            // Below 0x80 no sum overflows its byte: the high bit says that the byte is at or beyond a bound.
            let low = word & ~highs
            let lowered = low | ones &* 0x20
            let letters = (lowered &+ ones &* (0x80 - 0x61)) & ~(lowered &+ ones &* (0x7F - 0x7A))
            let digits = (low &+ ones &* (0x80 - 0x30)) & ~(low &+ ones &* (0x7F - 0x39))
            let hyphens = ~((low ^ ones &* 0x2D) &+ ones &* 0x7F)
            let others = ~((letters | digits | hyphens) & ~word) & highs
            if others != 0 { return index + others.trailingZeroBitCount >> 3 }
            index += 8
        }
        return index
    }

    /// The first byte of that value from `start` on; `end` when there is none.
    @inline(__always)
    static func first(_ byte: UInt8, _ bytes: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        let pattern = ones &* UInt64(byte)
        while index + 8 <= end {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ pattern
            let matches = (word &- ones) & ~word & highs
            if matches != 0 { return index + matches.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < end, bytes.load(fromByteOffset: index, as: UInt8.self) != byte { index += 1 }
        return index
    }

    /// Whether a field name, made of token bytes, is `text`, which is lower-case, has no `^` or `~` and is as long.
    @inline(__always)
    static func isName(_ name: UnsafeRawPointer, _ text: StaticString) -> Bool {
        let (count, text) = (text.utf8CodeUnitCount, UnsafeRawPointer(text.utf8Start))
        if count >= 8 {
            var index = 0
            while index + 8 < count {
                guard lowered(name, index, UInt64.self) == text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                else { return false }
                index += 8
            }
            // The last eight bytes, which may overlap those before.
            return lowered(name, count - 8, UInt64.self)
                == text.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        }
        if count >= 4 {
            return lowered(name, 0, UInt32.self) == text.loadUnaligned(as: UInt32.self)
                && lowered(name, count - 4, UInt32.self)
                    == text.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
        }
        for index in 0..<count {
            let byte = name.load(fromByteOffset: index, as: UInt8.self)
            guard byte.lowercasedASCII == text.load(fromByteOffset: index, as: UInt8.self) else { return false }
        }
        return true
    }

    /// Token bytes with the bit set that tells upper from lower case; it is set in all others that names have in use.
    @inline(__always)
    private static func lowered<Word: FixedWidthInteger>(
        _ bytes: UnsafeRawPointer, _ offset: Int, _ type: Word.Type
    ) -> Word {
        bytes.loadUnaligned(fromByteOffset: offset, as: type) | Word(truncatingIfNeeded: ones &* 0x20)
    }
}
