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
        var index = searched
        while index < end, bytes[index] != UInt8(ascii: "\n") { index += 1 }
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
        while let line = try nextLine(bytes, tooLong: Fault.headTooLong) {
            if line.isEmpty { return true }
            guard fields.lines.count < limits.fieldsMax else { throw .fieldsTooMany(limits.fieldsMax) }
            fields.append(try Self.field(line, bytes))
        }
        return false
    }

    private static func field(
        _ line: ByteRange, _ bytes: UnsafeRawBufferPointer
    ) throws(Fault) -> Fields.Line {
        let (start, end) = (Int(line.start), Int(line.end))
        guard !bytes[start].isOptionalSpace else { throw .fieldFolded }
        var colon = start
        while colon < end, bytes[colon].isToken { colon += 1 }
        guard colon < end, colon > start else { throw .fieldMalformed }
        guard bytes[colon] == UInt8(ascii: ":") else {
            throw bytes[colon].isOptionalSpace ? .fieldSpaced : .fieldMalformed
        }
        for index in (colon + 1)..<end where !bytes[index].isFieldValue {
            throw bytes[index] == UInt8(ascii: "\r") ? .newlineBare : .controlByte
        }
        let name = ByteRange(start, colon)
        return Fields.Line(kind: FieldName(bytes[name]), name: name, value: bytes.trimmed(colon + 1, end))
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
        return true
    }
}
