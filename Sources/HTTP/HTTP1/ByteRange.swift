/// Where something lies in the bytes of a head: offsets from the head's first byte, so that they stay right when
/// the bytes move.
@usableFromInline package struct ByteRange: Hashable, Sendable {
    @usableFromInline package var start: UInt32
    @usableFromInline package var end: UInt32

    @inlinable package init(_ start: Int, _ end: Int) {
        (self.start, self.end) = (UInt32(truncatingIfNeeded: start), UInt32(truncatingIfNeeded: end))
    }

    package static let empty = ByteRange(0, 0)

    @inlinable package var count: Int { Int(end) - Int(start) }
    @inlinable package var isEmpty: Bool { start == end }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a range that a scanner returned for this buffer.
    @inlinable package subscript(_ range: ByteRange) -> UnsafeRawBufferPointer {
        @inline(__always) get {
            precondition(range.start <= range.end && Int(range.end) <= count, "a range of another head")
            return UnsafeRawBufferPointer(start: baseAddress.map { $0 + Int(range.start) }, count: range.count)
        }
    }

    /// The same bytes, ASCII letters of either case being equal. `text` must be lower-case.
    @inlinable package func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index].lowercasedASCII != text.utf8Start[index] { return false }
        return true
    }

    @inlinable package func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let bytes = text.utf8Start
        for index in 0..<count where self[index] != bytes[index] { return false }
        return true
    }

    @inlinable package func equalsIgnoringCase(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index].lowercasedASCII != other[index].lowercasedASCII { return false }
        return true
    }

    /// As text; bytes that are not UTF-8 become U+FFFD.
    package var text: String { String(decoding: self, as: UTF8.self) }
}
