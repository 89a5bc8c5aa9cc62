/// Little-endian words at any place.
extension UnsafeRawBufferPointer {
    func word32(at position: Int) -> UInt32 {
        UInt32(littleEndian: loadUnaligned(fromByteOffset: position, as: UInt32.self))
    }

    func word64(at position: Int) -> UInt64 {
        UInt64(littleEndian: loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    func store<Word: FixedWidthInteger & BitwiseCopyable>(_ word: Word, at position: Int) {
        storeBytes(of: word.littleEndian, toByteOffset: position, as: Word.self)
    }
}
