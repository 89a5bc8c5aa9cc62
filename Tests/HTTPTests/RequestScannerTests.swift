import HTTP
import Nouns
import Testing

/// What a scanner makes of a whole text.
func scan(_ text: String, limits: HeadLimits = HeadLimits()) throws(Fault) -> RequestHead? {
    try scan(Array(text.utf8), limits: limits)
}

func scan(_ bytes: [UInt8], limits: HeadLimits = HeadLimits()) throws(Fault) -> RequestHead? {
    var scanner = RequestScanner(limits)
    let result = bytes.withUnsafeBytes { buffer in
        Result { () throws(Fault) in try scanner.scan(buffer) }
    }
    return try result.get() ? scanner.head : nil
}

extension String {
    subscript(_ range: ByteRange) -> String {
        String(decoding: Array(utf8)[Int(range.start)..<Int(range.end)], as: UTF8.self)
    }
}

struct RequestScannerTests {
    struct Refusal: CustomTestStringConvertible {
        let text: String
        let fault: Fault
        init(_ text: String, _ fault: Fault) { (self.text, self.fault) = (text, fault) }
        var testDescription: String { text.debugDescription }
    }

    @Test func `finds the parts of a request`() throws {
        let text =
            "POST /v1/kv/a%20b?x=1&y HTTP/1.1\r\nHost: example.org:8090\r\nX-Bunbase-Client-Key: \t pk_1 \r\n"
            + "Content-Length: 5\r\nX-Other:\r\n\r\nhello"
        let head = try #require(try scan(text))
        #expect(head.method == .post)
        #expect(text[head.methodName] == "POST")
        #expect(text[head.target] == "/v1/kv/a%20b?x=1&y")
        #expect(text[head.path] == "/v1/kv/a%20b")
        #expect(try text[#require(head.query)] == "x=1&y")
        #expect(try text[#require(head.fields.first(.host))] == "example.org:8090")
        #expect(try text[#require(head.fields.first(.clientKey))] == "pk_1")
        #expect(head.framing == .length(5))
        #expect(head.length == text.utf8.count - 5)
        #expect(head.fields.lines.count == 4)
        #expect(head.isKeptAlive)
    }

    @Test func `needs every byte of the head and finds the same when they come one by one`() throws {
        let text = "\r\nGET /a?b HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n"
        let bytes = Array(text.utf8)
        var scanner = RequestScanner(HeadLimits())
        for count in 0..<bytes.count {
            let isComplete = try bytes[..<count].withUnsafeBytes { try scanner.scan($0) }
            #expect(!isComplete, "complete after \(count) bytes")
        }
        let isComplete = try bytes.withUnsafeBytes { try scanner.scan($0) }
        #expect(isComplete)
        #expect(text[scanner.head.path] == "/a")
        #expect(scanner.head.length == bytes.count)
        #expect(scanner.head.fields.lines.map { text[$0.name] } == ["Host", "Accept"])
    }

    @Test func `forgets the last request when reset`() throws {
        var scanner = RequestScanner(HeadLimits())
        let first = Array("POST /a?b HTTP/1.0\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\n".utf8)
        let second = Array("GET /c HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
        let isFirst = try first.withUnsafeBytes { try scanner.scan($0) }
        scanner.reset()
        let isSecond = try second.withUnsafeBytes { try scanner.scan($0) }
        #expect(isFirst && isSecond)
        #expect(scanner.head.query == nil)
        #expect(scanner.head.framing == .none)
        #expect(scanner.head.connection == [])
        #expect(scanner.head.fields.lines.count == 1)
        #expect(scanner.head.minorVersion == 1)
    }

    static let refusals: [Refusal] = [
        Refusal("GET / HTTP/1.1\nHost: h\r\n\r\n", .newlineBare),
        Refusal("GET / HTTP/1.1\r\nHost: h\n\r\n", .newlineBare),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\n\n", .newlineBare),
        Refusal("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", .newlineBare),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nA: b\rC: d\r\n\r\n", .newlineBare),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\r\n\r\n", .newlineBare),
        Refusal("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", .lineMalformed),
        Refusal("GET /\r\n\r\n", .lineMalformed),
        Refusal("GET\r\n\r\n", .lineMalformed),
        Refusal("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", .lineMalformed),
        Refusal("GET /  HTTP/1.1\r\nHost: h\r\n\r\n", .lineMalformed),
        Refusal("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", .lineMalformed),
        Refusal("GET / http/1.1\r\nHost: h\r\n\r\n", .lineMalformed),
        Refusal("GET / HTTP/11\r\nHost: h\r\n\r\n", .lineMalformed),
        Refusal("GET / HTTP/2.0\r\nHost: h\r\n\r\n", .versionUnsupported),
        Refusal("GET / HTTP/1.2\r\nHost: h\r\n\r\n", .versionUnsupported),
        Refusal(" GET / HTTP/1.1\r\nHost: h\r\n\r\n", .methodMalformed),
        Refusal("G@T / HTTP/1.1\r\nHost: h\r\n\r\n", .methodMalformed),
        Refusal("GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", .methodMalformed),
        Refusal(String(repeating: "A", count: 33) + " / HTTP/1.1\r\nHost: h\r\n\r\n", .methodMalformed),
        Refusal("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", .methodUnsupported),
        Refusal("GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", .targetMalformed),
        Refusal("GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n", .targetMalformed),
        Refusal("GET /\u{e4} HTTP/1.1\r\nHost: h\r\n\r\n", .targetMalformed),
        Refusal("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", .targetMalformed),
        Refusal("GET a/b HTTP/1.1\r\nHost: h\r\n\r\n", .targetMalformed),
        Refusal("GET * HTTP/1.1\r\nHost: h\r\n\r\n", .targetMalformed),
        Refusal("GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", .targetMalformed),
        Refusal("GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", .targetMalformed),
        Refusal("GET / HTTP/1.1\r\nHost : h\r\n\r\n", .fieldSpaced),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nA\t: b\r\n\r\n", .fieldSpaced),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\n b\r\n\r\n", .fieldFolded),
        Refusal("GET / HTTP/1.1\r\n\tHost: h\r\n\r\n", .fieldFolded),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", .fieldMalformed),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nA\r\n\r\n", .fieldMalformed),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nA@: b\r\n\r\n", .fieldMalformed),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nA\0: b\r\n\r\n", .fieldMalformed),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n", .controlByte),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nA: \u{7f}\r\n\r\n", .controlByte),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nA: \u{1}\r\n\r\n", .controlByte),
        Refusal("GET / HTTP/1.1\r\n\r\n", .hostMissing),
        Refusal("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", .hostRepeated),
        Refusal("GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n", .hostRepeated),
        Refusal("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .hostMalformed),
        Refusal("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .hostMalformed),
        Refusal("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", .hostMalformed),
        Refusal("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", .hostMismatch),
        Refusal("GET http://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n", .hostMismatch),
        Refusal("GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", .hostMismatch),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", .lengthRepeated),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", .lengthRepeated),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n", .lengthMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n", .lengthMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", .lengthMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\n", .lengthMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", .lengthMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1234567890123456\r\n\r\n", .lengthMalformed),
        Refusal(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", .lengthAndCoding),
        Refusal(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", .lengthAndCoding),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .codingUnknown),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", .codingMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", .codingMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", .codingMalformed),
        Refusal(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .codingMalformed),
        Refusal(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
            .codingMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", .codingMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: , chunked\r\n\r\n", .codingMalformed),
        Refusal(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n", .codingMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n", .controlByte),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", .codingMalformed),
        Refusal("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", .codingMalformed),
        Refusal("POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", .expectationUnknown),
    ]

    @Test(arguments: refusals) func `refuses what could be understood in two ways`(_ refusal: Refusal) {
        #expect(throws: refusal.fault) { try scan(refusal.text) }
    }

    @Test func `refuses a line that is too long before it ends`() {
        let limits = HeadLimits(bytesMax: 64, fieldsMax: 3)
        #expect(throws: Fault.targetTooLong(64)) {
            try scan("GET /" + String(repeating: "a", count: 60), limits: limits)
        }
        let head = "GET / HTTP/1.1\r\nHost: h\r\nA: "
        #expect(throws: Fault.headTooLong(64)) {
            try scan(head + String(repeating: "a", count: 64 - head.utf8.count), limits: limits)
        }
        #expect(throws: Never.self) {
            try scan(head + String(repeating: "a", count: 63 - head.utf8.count), limits: limits)
        }
        #expect(throws: Fault.headTooLong(64)) {
            try scan(head + String(repeating: "a", count: 100) + "\r\n\r\n", limits: limits)
        }
    }

    @Test func `accepts a head of exactly the limit`() throws {
        let head = "GET / HTTP/1.1\r\nHost: h\r\nA: \r\n\r\n"
        #expect(try scan(head, limits: HeadLimits(bytesMax: head.utf8.count)) != nil)
        #expect(throws: Fault.headTooLong(head.utf8.count - 1)) {
            try scan(head, limits: HeadLimits(bytesMax: head.utf8.count - 1))
        }
    }

    @Test func `refuses one field more than the limit`() throws {
        let limits = HeadLimits(bytesMax: 1024, fieldsMax: 3)
        #expect(try scan("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nA: b\r\n\r\n", limits: limits) != nil)
        #expect(throws: Fault.fieldsTooMany(3)) {
            try scan("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", limits: limits)
        }
    }

    @Test func `each fault has its status`() {
        #expect(Fault.headTooLong(1).status == 431)
        #expect(Fault.fieldsTooMany(1).status == 431)
        #expect(Fault.targetTooLong(1).status == 414)
        #expect(Fault.versionUnsupported.status == 505)
        #expect(Fault.codingUnknown.status == 501)
        #expect(Fault.expectationUnknown.status == 417)
        #expect(Fault.newlineBare.status == 400)
    }

    @Test func `takes absolute form when the host is the same`() throws {
        let text = "GET HTTP://Example.org/a?b HTTP/1.1\r\nHost: example.ORG\r\n\r\n"
        let head = try #require(try scan(text))
        #expect(text[head.path] == "/a")
        let bare = "GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n"
        let bareHead = try #require(try scan(bare))
        #expect(bareHead.path.isEmpty)
        #expect(try bare[#require(bareHead.query)] == "q")
    }

    @Test func `takes the asterisk of OPTIONS and HTTP 1_0 without Host`() throws {
        #expect(try #require(try scan("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")).path.isEmpty)
        #expect(try !#require(try scan("GET / HTTP/1.0\r\n\r\n")).isKeptAlive)
        #expect(try #require(try scan("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")).isKeptAlive)
        #expect(try !#require(try scan("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, CLOSE\r\n\r\n")).isKeptAlive)
    }

    @Test func `knows which fields Connection names`() throws {
        let text = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-One\r\nX-One: 1\r\nX-Two: 2\r\n\r\n"
        let head = try #require(try scan(text))
        #expect(head.connection == [.close, .namesFields])
        let nominated = Array(text.utf8).withUnsafeBytes { bytes in
            head.fields.lines.filter { head.fields.isNominated($0, in: bytes) }.map { text[$0.name] }
        }
        #expect(nominated == ["X-One"])
    }

    @Test(arguments: [
        ("X-Bunbase-Token", FieldName.token), ("x-bunbase-anything", .reserved), ("X_BUNBASE_TOKEN", .reserved),
        ("x-bundoc-user", .reserved), ("x-bundoc-", .reserved), ("X_Bunbase_", .reserved), ("x-bundoc", .other),
        ("X-Bunbase-Client-Key", .clientKey), ("X-Bun", .other), ("Te", .te),
        ("content-LENGTH", .contentLength), ("content_length", .other),
    ]) func `tells names apart`(_ name: String, _ kind: FieldName) {
        #expect(Array(name.utf8).withUnsafeBytes { FieldName($0) } == kind)
    }

    @Test func `chunked is understood in any case`() throws {
        #expect(
            try #require(try scan("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n")).framing
                == .chunked)
    }
}
