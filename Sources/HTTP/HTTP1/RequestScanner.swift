import Nouns

/// Reads the head of a request, strictly by RFC 9112: what two parsers could understand differently is refused.
///
/// Feed it the head's bytes from the first on, always all that are there; it goes on where it stopped. One scanner
/// serves many requests after `reset`, without allocating.
package struct RequestScanner: Sendable {
    package static let methodLengthMax = 32
    /// `HTTP/1.1`
    private static let version11: UInt64 = 0x312E_312F_5054_5448

    package private(set) var head = RequestHead()
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
    /// - Throws: what to answer. The connection cannot be used afterwards: nobody knows where its next request begins.
    package mutating func scan(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Bool {
        while !hasLine {
            let limit = Fault.targetTooLong
            guard let line = try scanner.nextLine(bytes, tooLong: limit) else { return false }
            // One empty line before a request is an old client's slip (RFC 9112 §2.2).
            if line.isEmpty, line.start == 0 { continue }
            try readLine(line, bytes)
            hasLine = true
        }
        guard try scanner.scan(bytes, into: &head.fields) else { return false }
        head.length = scanner.lineStart
        try conclude(bytes)
        return true
    }

    private mutating func readLine(_ line: ByteRange, _ bytes: UnsafeRawBufferPointer) throws(Fault) {
        let (start, end) = (Int(line.start), Int(line.end))
        guard let base = bytes.baseAddress else { return }
        var space = start
        while space < end, bytes[space].isToken { space += 1 }
        guard space < end else { throw .lineMalformed }
        guard space > start, bytes[space] == UInt8(ascii: " "), space - start <= Self.methodLengthMax else {
            throw .methodMalformed
        }
        head.methodName = ByteRange(start, space)
        head.method = Method(bytes[head.methodName])
        let target = space + 1
        space = WordScan.endOfTarget(base, target, end, readable: bytes.count)
        guard space < end else { throw .lineMalformed }
        guard bytes[space] == UInt8(ascii: " ") else { throw .targetMalformed }
        guard space > target else { throw .lineMalformed }
        try readVersion(bytes[ByteRange(space + 1, end)])
        guard head.method != .connect else { throw .methodUnsupported }
        head.target = ByteRange(target, space)
        try readTarget(bytes)
    }

    private mutating func readVersion(_ version: UnsafeRawBufferPointer) throws(Fault) {
        if version.count == 8, version.loadUnaligned(as: UInt64.self).littleEndian == Self.version11 {
            head.minorVersion = 1
        } else if version.equals("HTTP/1.0") {
            head.minorVersion = 0
        } else if version.count == 8, version[0...4].elementsEqual("HTTP/".utf8), version[5].isDigit,
            version[6] == UInt8(ascii: "."), version[7].isDigit
        {
            throw .versionUnsupported
        } else {
            throw .lineMalformed
        }
    }

    /// Origin form, absolute form of http and https, or `*` of OPTIONS.
    private mutating func readTarget(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        var (start, end) = (Int(head.target.start), Int(head.target.end))
        let target = bytes[head.target]
        if head.method == .options, target.equals("*") {
            head.path = ByteRange(end, end)
            return
        }
        if bytes[start] != UInt8(ascii: "/") {
            guard let scheme = ["http://", "https://"].first(where: { Self.hasScheme(target, $0) }) else {
                throw .targetMalformed
            }
            start += scheme.utf8CodeUnitCount
            let authority = start
            while start < end, bytes[start] != UInt8(ascii: "/"), bytes[start] != UInt8(ascii: "?") { start += 1 }
            guard start > authority else { throw .targetMalformed }
            head.authority = ByteRange(authority, start)
        }
        let mark = bytes.baseAddress.map { WordScan.first(UInt8(ascii: "?"), $0, start, end) } ?? end
        if mark < end {
            head.query = ByteRange(mark + 1, end)
            end = mark
        }
        head.path = ByteRange(start, end)
    }

    private static func hasScheme(_ target: UnsafeRawBufferPointer, _ scheme: StaticString) -> Bool {
        target.count > scheme.utf8CodeUnitCount
            && target[ByteRange(0, scheme.utf8CodeUnitCount)].equalsIgnoringCase(scheme)
    }

    /// What follows from all fields together.
    private mutating func conclude(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        try checkHost(bytes)
        head.connection = head.fields.connectionOptions(in: bytes)
        let length = try FieldScanner.contentLength(head.fields, bytes)
        if try FieldScanner.isChunked(head.fields, bytes) {
            guard length == nil else { throw .lengthAndCoding }
            guard head.minorVersion == 1 else { throw .codingMalformed }
            head.framing = .chunked
        } else if let length {
            head.framing = length == 0 ? .none : .length(length)
        }
        if let expectation = head.fields.first(.expect), head.minorVersion == 1 {
            guard bytes[expectation].equalsIgnoringCase("100-continue") else { throw .expectationUnknown }
            head.expectsContinue = true
        }
    }

    private func checkHost(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        guard let host = head.fields.first(.host) else {
            if head.minorVersion == 1 { throw .hostMissing }
            return
        }
        guard head.fields.count(.host) == 1 else { throw .hostRepeated }
        guard let base = bytes.baseAddress,
            WordScan.isAuthority(base, Int(host.start), Int(host.end), readable: bytes.count)
        else { throw .hostMalformed }
        guard let authority = head.authority else { return }
        guard bytes[authority].equalsIgnoringCase(bytes[host]) else { throw .hostMismatch }
    }
}
