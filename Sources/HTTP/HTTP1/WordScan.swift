/// Looks at sixteen bytes at once, for the loops that see every byte of a head; and at eight where names are compared.
enum WordScan {
    private typealias Block = SIMD16<UInt8>
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// The first byte from `start` on that a field's value may not hold (`UInt8.isFieldValue`): CR at the end of a good
    /// line. `end` when there is none.
    @inline(__always)
    static func endOfValue(_ bytes: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index + 16 <= end {
            let block = bytes.loadUnaligned(fromByteOffset: index, as: Block.self)
            let place = first((block .< Block(repeating: 0x20)) .| (block .== Block(repeating: 0x7F)))
            index += place
            guard place < 16 else { continue }
            guard bytes.load(fromByteOffset: index, as: UInt8.self) == 0x09 else { return index }
            index += 1
        }
        while index < end, bytes.load(fromByteOffset: index, as: UInt8.self).isFieldValue { index += 1 }
        return index
    }

    /// Passes over letters, digits and hyphens, sixteen at a time; there may be more of them where it stops.
    @inline(__always)
    static func skipName(_ bytes: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index + 16 <= end {
            let block = bytes.loadUnaligned(fromByteOffset: index, as: Block.self)
            let place = first(.!(isAlphanumeric(block) .| (block .== Block(repeating: 0x2D))))
            index += place
            if place < 16 { break }
        }
        return index
    }

    /// The first byte from `start` on that a request's target may not hold (`UInt8.isTarget`); `end` for none.
    ///
    /// - Parameter readable: up to here bytes can be read.
    @inline(__always)
    static func endOfTarget(_ bytes: UnsafeRawPointer, _ start: Int, _ end: Int, readable: Int) -> Int {
        var index = start
        while index < end, index + 16 <= readable {
            let block = bytes.loadUnaligned(fromByteOffset: index, as: Block.self)
            let isVisible = (block &- Block(repeating: 0x21)) .< Block(repeating: 0x5E)
            let isQuote = (block .== Block(repeating: 0x22)) .| (block .== Block(repeating: 0x23))
            let isBracket = (block & Block(repeating: 0xFD)) .== Block(repeating: 0x3C)
            let place = first(.!isVisible .| isQuote .| isBracket .| (block .== Block(repeating: 0x5C)))
            index += place
            if place < 16 { return min(index, end) }
        }
        while index < end, bytes.load(fromByteOffset: index, as: UInt8.self).isTarget { index += 1 }
        return min(index, end)
    }

    /// Whether `Host` may hold all of these (`UInt8.isAuthority`).
    ///
    /// - Parameter readable: up to here bytes can be read.
    @inline(__always)
    static func isAuthority(_ bytes: UnsafeRawPointer, _ start: Int, _ end: Int, readable: Int) -> Bool {
        var index = start
        while index < end, index + 16 <= readable {
            let block = bytes.loadUnaligned(fromByteOffset: index, as: Block.self)
            let isOrdinary =
                isAlphanumeric(block) .| (block .== Block(repeating: 0x2D)) .| (block .== Block(repeating: 0x2E))
            let place = first(.!isOrdinary)
            index += place
            guard place < 16, index < end else { continue }
            guard bytes.load(fromByteOffset: index, as: UInt8.self).isAuthority else { return false }
            index += 1
        }
        while index < end, bytes.load(fromByteOffset: index, as: UInt8.self).isAuthority { index += 1 }
        return index >= end
    }

    /// The first byte of that value from `start` on; `end` when there is none.
    @inline(__always)
    static func first(_ byte: UInt8, _ bytes: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index + 16 <= end {
            let block = bytes.loadUnaligned(fromByteOffset: index, as: Block.self)
            let place = first(block .== Block(repeating: byte))
            if place < 16 { return index + place }
            index += 16
        }
        while index < end, bytes.load(fromByteOffset: index, as: UInt8.self) != byte { index += 1 }
        return index
    }

    /// Whether one of two bytes occurs.
    @inline(__always)
    static func contains(_ one: UInt8, _ other: UInt8, _ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
        var index = 0
        while index + 16 <= count {
            let block = bytes.loadUnaligned(fromByteOffset: index, as: Block.self)
            if any((block .== Block(repeating: one)) .| (block .== Block(repeating: other))) { return true }
            index += 16
        }
        while index < count {
            let byte = bytes.load(fromByteOffset: index, as: UInt8.self)
            if byte == one || byte == other { return true }
            index += 1
        }
        return false
    }

    /// Makes capital letters small ones.
    static func lowercase(_ bytes: UnsafeMutableRawPointer, _ count: Int) {
        var index = 0
        while index + 16 <= count {
            let block = bytes.loadUnaligned(fromByteOffset: index, as: Block.self)
            let isCapital = (block &- Block(repeating: 0x41)) .< Block(repeating: 26)
            let lowered = block.replacing(with: block | Block(repeating: 0x20), where: isCapital)
            bytes.storeBytes(of: lowered, toByteOffset: index, as: Block.self)
            index += 16
        }
        while index < count {
            let byte = bytes.load(fromByteOffset: index, as: UInt8.self)
            bytes.storeBytes(of: byte.lowercasedASCII, toByteOffset: index, as: UInt8.self)
            index += 1
        }
    }

    @inline(__always)
    private static func isAlphanumeric(_ block: Block) -> SIMDMask<SIMD16<Int8>> {
        let lowered = (block | Block(repeating: 0x20)) &- Block(repeating: 0x61)
        return (lowered .< Block(repeating: 26)) .| ((block &- Block(repeating: 0x30)) .< Block(repeating: 10))
    }

    /// The place of the first byte that is marked; 16 when none is. A mask has all bits of a byte or none.
    @inline(__always)
    private static func first(_ mask: SIMDMask<SIMD16<Int8>>) -> Int {
        let words = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        if words.x != 0 { return UInt64(littleEndian: words.x).trailingZeroBitCount >> 3 }
        return words.y != 0 ? 8 + UInt64(littleEndian: words.y).trailingZeroBitCount >> 3 : 16
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

extension UnsafeRawBufferPointer {
    /// Whether one of two bytes occurs.
    package func contains(_ one: UInt8, or other: UInt8) -> Bool {
        baseAddress.map { WordScan.contains(one, other, $0, count) } ?? false
    }
}
