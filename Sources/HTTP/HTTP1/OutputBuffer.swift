/// Bytes on their way out, used again and again: once it has grown, appending copies and allocates nothing.
package final class OutputBuffer {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    @usableFromInline package var count = 0

    package init(capacity: Int = 4096) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    @inlinable package var isEmpty: Bool { count == 0 }
    /// Valid until the next change.
    @inlinable package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    @inlinable package func removeAll() { count = 0 }

    /// Drops what lies behind the first `count` bytes.
    @inlinable package func truncate(to count: Int) {
        precondition(count <= self.count, "a buffer cannot be cut to more than it has")
        self.count = count
    }

    /// Gives memory back that only an exceptional use has needed.
    package func shrink(to limit: Int) {
        guard capacity > limit else { return }
        base.deallocate()
        (base, capacity, count) = (.allocate(byteCount: limit, alignment: 16), limit, 0)
    }

    @inlinable package func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        if count + bytes.count > capacity { grow(by: bytes.count) }
        (base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    @inlinable package func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Inlined, so that the text's length is known where it is copied.
    @inlinable @inline(__always) package func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        if count + length > capacity { grow(by: length) }
        (base + count).copyMemory(from: text.utf8Start, byteCount: length)
        count += length
    }

    @inlinable package func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// Capital letters as small ones.
    package func append(lowercasing bytes: UnsafeRawBufferPointer) {
        append(bytes)
        WordScan.lowercase(base + (count - bytes.count), bytes.count)
    }

    package func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    package func append(decimal number: Int) {
        precondition(number >= 0, "lengths and codes are not negative")
        if number > 999 { return appendLong(decimal: number) }
        if number > 99 { append(UInt8(ascii: "0") + UInt8(number / 100)) }
        if number > 9 { append(UInt8(ascii: "0") + UInt8(number / 10 % 10)) }
        append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    private func appendLong(decimal number: Int) {
        if number > 9 { appendLong(decimal: number / 10) }
        append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    /// All 16 digits.
    package func append(digits word: UInt64) {
        if count + 16 > capacity { grow(by: 16) }
        let (high, low) = HexWord.digits(word)
        base.storeBytes(of: high, toByteOffset: count, as: UInt64.self)
        base.storeBytes(of: low, toByteOffset: count + 8, as: UInt64.self)
        count += 16
    }

    /// Without leading zeros.
    package func append(hexadecimal number: UInt64) {
        if number >= 16 { append(hexadecimal: number >> 4) }
        let digit = UInt8(truncatingIfNeeded: number & 15)
        append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }

    /// The field that says how the body ends; see `HeadWriter.framing`.
    package func append(framing: BodyFraming, status: Int) {
        switch framing {
        case .none:
            if status >= 200, status != 204, status != 304 { append("content-length: 0\r\n" as StaticString) }
        case .length(let length):
            append("content-length: " as StaticString)
            append(decimal: length)
            append("\r\n" as StaticString)
        case .chunked: append("transfer-encoding: chunked\r\n" as StaticString)
        case .untilClose: break
        }
    }

    /// The data as one chunk; nothing for no data, which would end the body.
    package func append(chunk data: UnsafeRawBufferPointer) {
        guard !data.isEmpty else { return }
        append(hexadecimal: UInt64(data.count))
        append("\r\n" as StaticString)
        append(data)
        append("\r\n" as StaticString)
    }

    @usableFromInline func grow(by more: Int) {
        let larger = max(capacity * 2, count + more)
        let copy = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        copy.copyMemory(from: base, byteCount: count)
        base.deallocate()
        (base, capacity) = (copy, larger)
    }
}
