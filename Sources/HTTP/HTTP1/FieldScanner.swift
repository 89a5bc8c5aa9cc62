import Nouns

/// Splits a head into lines and reads its field lines; shared by requests and responses.
///
/// Resumes where it stopped when bytes were lacking, so a head that comes byte by byte costs no more than a whole one.
struct FieldScanner: Sendable {
    let limits: HeadLimits
    /// The first byte of the line that is being read.
    private(set) var lineStart = 0
    /// Up to here there is no end of a line.
    private var searched = 0

    init(_ limits: HeadLimits) { self.limits = limits }

    mutating func reset() { (lineStart, searched) = (0, 0) }

    /// The next line without its CR LF, or nil when its end is not there yet.
    mutating func nextLine(_ bytes: UnsafeRawBufferPointer, tooLong: (Int) -> Fault) throws(Fault) -> ByteRange? {
        let end = min(bytes.count, limits.bytesMax)
        guard let base = bytes.baseAddress else { return nil }
        let index = WordScan.first(UInt8(ascii: "\n"), base, searched, end)
        searched = index
        guard index < end else {
            if bytes.count >= limits.bytesMax { throw tooLong(limits.bytesMax) }
            return nil
        }
        guard index > lineStart, bytes[index - 1] == UInt8(ascii: "\r") else { throw .newlineBare }
        defer { (lineStart, searched) = (index + 1, index + 1) }
        return ByteRange(lineStart, index - 1)
    }

    /// Reads field lines up to the empty line; false when bytes are lacking.
    mutating func scan(_ bytes: UnsafeRawBufferPointer, into fields: inout Fields) throws(Fault) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        let end = min(bytes.count, limits.bytesMax)
        // A line that was looked at before and is still not whole is not looked at again.
        if searched > lineStart { searched = WordScan.first(UInt8(ascii: "\n"), base, searched, end) }
        var start = lineStart
        while true {
            let line: (colon: Int, next: Int)
            if searched >= end {
                return try lacks(bytes, start, end)
            } else if let good = Self.goodField(base, start, end) {
                line = good
            } else if let other = try self.line(base, start, end) {
                line = other
            } else {
                return try lacks(bytes, start, end)
            }
            guard line.next > start + 2 else {
                (lineStart, searched) = (line.next, line.next)
                return true
            }
            guard fields.count < limits.fieldsMax else { throw .fieldsTooMany(limits.fieldsMax) }
            let name = UnsafeRawBufferPointer(start: base + start, count: line.colon - start)
            fields.append(
                Fields.Line(
                    kind: FieldName(name), name: ByteRange(start, line.colon),
                    value: Self.value(bytes, line.colon + 1, line.next - 2)))
            start = line.next
            searched = start
        }
    }

    /// The line from `start` on is not whole.
    private mutating func lacks(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) throws(Fault) -> Bool {
        (lineStart, searched) = (start, end)
        if bytes.count >= limits.bytesMax { throw .headTooLong(limits.bytesMax) }
        return false
    }

    /// Reads a field's line as nearly all are: whole, and with a name of letters, digits and hyphens. nil: look closer.
    @inline(__always)
    private static func goodField(_ bytes: UnsafeRawPointer, _ start: Int, _ end: Int) -> (colon: Int, next: Int)? {
        let colon = WordScan.skipName(bytes, start, end)
        guard colon > start, colon < end, bytes.load(fromByteOffset: colon, as: UInt8.self) == UInt8(ascii: ":")
        else { return nil }
        let cr = WordScan.endOfValue(bytes, colon + 1, end)
        guard cr + 2 <= end, bytes.loadUnaligned(fromByteOffset: cr, as: UInt16.self).littleEndian == 0x0A0D else {
            return nil
        }
        return (colon, cr + 2)
    }

    /// Without the spaces around it, of which there is most often one, at the front.
    @inline(__always)
    private static func value(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> ByteRange {
        if start + 1 < end, bytes[start] == UInt8(ascii: " "), bytes[start + 1] > 0x20, bytes[end - 1] > 0x20 {
            return ByteRange(start + 1, end)
        }
        return bytes.trimmed(start, end)
    }

    /// A line that is not whole is not judged yet, so that a head is judged the same in whatever pieces it comes.
    private func line(
        _ bytes: UnsafeRawPointer, _ start: Int, _ end: Int
    ) throws(Fault) -> (colon: Int, next: Int)? {
        do throws(Fault) {
            return try Self.field(bytes, start, end)
        } catch {
            guard WordScan.first(UInt8(ascii: "\n"), bytes, start, end) < end else { return nil }
            throw error
        }
    }

    /// Reads one line, empty or a field's; nil when its end is not there. `next` is where the next line begins.
    private static func field(
        _ bytes: UnsafeRawPointer, _ start: Int, _ end: Int
    ) throws(Fault) -> (colon: Int, next: Int)? {
        var colon = WordScan.skipName(bytes, start, end)
        while colon < end, bytes.load(fromByteOffset: colon, as: UInt8.self).isToken { colon += 1 }
        guard colon < end else { return nil }
        guard bytes.load(fromByteOffset: colon, as: UInt8.self) == UInt8(ascii: ":"), colon > start else {
            return try noField(bytes, start, colon, end)
        }
        let cr = WordScan.endOfValue(bytes, colon + 1, end)
        guard cr < end else { return nil }
        switch bytes.load(fromByteOffset: cr, as: UInt8.self) {
        case UInt8(ascii: "\r"):
            guard cr + 1 < end else { return nil }
            guard bytes.load(fromByteOffset: cr + 1, as: UInt8.self) == UInt8(ascii: "\n") else {
                throw .newlineBare
            }
        case UInt8(ascii: "\n"): throw .newlineBare
        default: throw .controlByte
        }
        return (colon, cr + 2)
    }

    /// The empty line, or what is wrong with one that is no field; nil when the next byte decides.
    private static func noField(
        _ bytes: UnsafeRawPointer, _ start: Int, _ index: Int, _ end: Int
    ) throws(Fault) -> (colon: Int, next: Int)? {
        switch bytes.load(fromByteOffset: index, as: UInt8.self) {
        case UInt8(ascii: "\n"): throw .newlineBare
        case UInt8(ascii: "\r"):
            guard index + 1 < end else { return nil }
            guard bytes.load(fromByteOffset: index + 1, as: UInt8.self) == UInt8(ascii: "\n") else {
                throw .newlineBare
            }
            if index == start { return (start, start + 2) }
            throw .fieldMalformed
        case UInt8(ascii: " "), UInt8(ascii: "\t"): throw index == start ? .fieldFolded : .fieldSpaced
        default: throw .fieldMalformed
        }
    }

    /// Reads `Content-Length`; nil when there is none. Repetition is refused even where the values agree.
    static func contentLength(_ fields: Fields, _ bytes: UnsafeRawBufferPointer) throws(Fault) -> Int? {
        guard let value = fields.first(.contentLength) else { return nil }
        guard fields.count(.contentLength) == 1 else { throw .lengthRepeated }
        guard (1...15).contains(value.count) else { throw .lengthMalformed }
        var length = 0
        for byte in bytes[value] {
            guard byte.isDigit else { throw .lengthMalformed }
            length = length * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return length
    }

    /// Whether `Transfer-Encoding` is there and exactly `chunked`. Any other is refused.
    static func isChunked(_ fields: Fields, _ bytes: UnsafeRawBufferPointer) throws(Fault) -> Bool {
        guard fields.contains(.transferEncoding) else { return false }
        var count = 0
        var chunked = 0
        var isLastChunked = false
        fields.forEachElement(of: .transferEncoding, in: bytes) { coding in
            isLastChunked = coding.equalsIgnoringCase("chunked")
            count += 1
            chunked += isLastChunked ? 1 : 0
        }
        guard isLastChunked, chunked == 1 else { throw .codingMalformed }
        guard count == 1 else { throw .codingUnknown }
        // An empty line or element beside it is nothing to us, and may be the last word to another reader.
        guard fields.count(.transferEncoding) == 1, let value = fields.first(.transferEncoding),
            bytes[value].equalsIgnoringCase("chunked")
        else { throw .codingMalformed }
        return true
    }
}
