import Nouns

/// A response's head as a scanner found it: ranges of the bytes that were scanned.
package struct ResponseHead: Sendable {
    package internal(set) var status = 0
    package internal(set) var reason = ByteRange.empty
    package internal(set) var minorVersion = 1
    package internal(set) var fields = Fields()
    package internal(set) var connection: ConnectionOptions = []
    package internal(set) var framing = BodyFraming.none
    /// Bytes, the empty line included.
    package internal(set) var length = 0

    init() {}

    /// For the next one; the room for fields stays.
    mutating func reset() {
        (status, reason, minorVersion, framing) = (0, .empty, 1, .none)
        fields.removeAll()
        (connection, length) = ([], 0)
    }

    /// Whether another response follows on the way of this one: 100 and 103, not 101.
    package var isInterim: Bool { (100...199).contains(status) && status != 101 }

    /// Whether the connection can carry another request afterwards.
    package var isKeptAlive: Bool {
        if connection.contains(.close) || framing == .untilClose || status == 101 { return false }
        return minorVersion == 1 || connection.contains(.keepAlive)
    }
}

/// Reads the head of a response with the same strictness as `RequestScanner`; faults mean that the server is not to
/// be trusted with another request.
package struct ResponseScanner: Sendable {
    package private(set) var head = ResponseHead()
    private var scanner: FieldScanner
    private var hasLine = false

    package init(_ limits: HeadLimits) { scanner = FieldScanner(limits) }

    package mutating func reset() {
        head.reset()
        scanner.reset()
        hasLine = false
    }

    /// The head, whose bytes are `bytes[..<head.length]`, is complete; or more bytes are needed.
    ///
    /// - Parameter method: that of the request, which decides whether there is a body.
    package mutating func scan(_ bytes: UnsafeRawBufferPointer, answering method: Method) throws(Fault) -> Bool {
        if !hasLine {
            guard let line = try scanner.nextLine(bytes, tooLong: Fault.headTooLong) else { return false }
            try readLine(line, bytes)
            hasLine = true
        }
        guard try scanner.scan(bytes, into: &head.fields) else { return false }
        head.length = scanner.lineStart
        head.connection = head.fields.connectionOptions(in: bytes)
        head.framing = try framing(bytes, method)
        return true
    }

    /// `HTTP/1.1 200 OK`; the reason may be empty, and with it the space before it.
    private mutating func readLine(_ line: ByteRange, _ bytes: UnsafeRawBufferPointer) throws(Fault) {
        let text = bytes[line]
        guard text.count >= 12, text[ByteRange(0, 7)].equals("HTTP/1."), text[8] == UInt8(ascii: " ") else {
            throw .lineMalformed
        }
        guard text[7] == UInt8(ascii: "1") || text[7] == UInt8(ascii: "0") else { throw .versionUnsupported }
        head.minorVersion = Int(text[7] - UInt8(ascii: "0"))
        for byte in text[9...11] {
            guard byte.isDigit else { throw .lineMalformed }
            head.status = head.status * 10 + Int(byte - UInt8(ascii: "0"))
        }
        guard (100...599).contains(head.status) else { throw .lineMalformed }
        guard text.count > 12 else { return }
        guard text[12] == UInt8(ascii: " "), let base = bytes.baseAddress,
            WordScan.endOfValue(base, Int(line.start) + 13, Int(line.end)) == Int(line.end)
        else { throw .lineMalformed }
        head.reason = ByteRange(Int(line.start) + 13, Int(line.end))
    }

    private func framing(_ bytes: UnsafeRawBufferPointer, _ method: Method) throws(Fault) -> BodyFraming {
        let length = try FieldScanner.contentLength(head.fields, bytes)
        let isChunked = try FieldScanner.isChunked(head.fields, bytes)
        if isChunked {
            guard length == nil else { throw .lengthAndCoding }
            guard head.minorVersion == 1 else { throw .codingMalformed }
        }
        if method == .head || head.status < 200 || head.status == 204 || head.status == 304 { return .none }
        if isChunked { return .chunked }
        guard let length else { return .untilClose }
        return length == 0 ? .none : .length(length)
    }
}
