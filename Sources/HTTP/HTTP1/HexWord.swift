/// Words as hexadecimal digits, all digits of a word at once.
package enum HexWord {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private typealias Block = SIMD16<UInt8>

    /// The 16 lower-case digits of a word, the highest first: in the order of their bytes in memory.
    @inline(__always)
    package static func digits(_ word: UInt64) -> (UInt64, UInt64) {
        (half(word >> 32), half(word & 0xFFFF_FFFF))
    }

    /// Eight digits.
    @inline(__always)
    private static func half(_ number: UInt64) -> UInt64 {
        // Each four bits into a byte of their own.
        var word = (number | number << 16) & 0x0000_FFFF_0000_FFFF
        word = (word | word << 8) & 0x00FF_00FF_00FF_00FF
        word = (word | word << 4) & 0x0F0F_0F0F_0F0F_0F0F
        // 6 more make the bit of 16 show which are letters.
        let letters = ((word &+ ones &* 6) >> 4) & ones
        return (word &+ ones &* 0x30 &+ letters &* 0x27).bigEndian
    }

    /// The word that 16 lower-case digits stand for; nil when one of them is none.
    ///
    /// Takes the same time for all digits.
    @inline(__always)
    package static func read(_ bytes: UnsafeRawPointer) -> UInt64? {
        let block = bytes.loadUnaligned(as: Block.self)
        let isDigit = (block &- Block(repeating: 0x30)) .< Block(repeating: 10)
        let isLetter = (block &- Block(repeating: 0x61)) .< Block(repeating: 6)
        guard all(isDigit .| isLetter) else { return nil }
        let letters = (block &>> Block(repeating: 6)) &* Block(repeating: 9)
        let halves = unsafeBitCast((block & Block(repeating: 0x0F)) &+ letters, to: SIMD2<UInt64>.self)
        return packed(halves.x) << 32 | packed(halves.y)
    }

    /// Eight bytes of four bits each as 32 bits.
    @inline(__always)
    private static func packed(_ word: UInt64) -> UInt64 {
        var word = UInt64(bigEndian: word)
        word = (word | word >> 4) & 0x00FF_00FF_00FF_00FF
        word = (word | word >> 8) & 0x0000_FFFF_0000_FFFF
        return (word | word >> 16) & 0xFFFF_FFFF
    }
}
