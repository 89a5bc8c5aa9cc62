import HTTP
import Nouns
import Testing

struct ResponseScannerTests {
    func scan(_ text: String, _ method: HTTP.Method = .get) throws -> ResponseHead? {
        var scanner = ResponseScanner(HeadLimits(bytesMax: 256, fieldsMax: 3))
        return try Array(text.utf8).withUnsafeBytes { try scanner.scan($0, answering: method) } ? scanner.head : nil
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP.Method.get, BodyFraming.length(5)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .get, .none),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", .head, .none),
        ("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", .get, .chunked),
        ("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", .head, .none),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", .get, .none),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", .get, .none),
        ("HTTP/1.1 100 Continue\r\n\r\n", .post, .none),
        ("HTTP/1.0 200 OK\r\n\r\n", .get, .untilClose),
    ]) func `decides how the body ends`(_ text: String, _ method: HTTP.Method, _ framing: BodyFraming) throws {
        #expect(try #require(try scan(text, method)).framing == framing)
    }

    @Test(arguments: [
        "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n", "ICY 200 OK OK OK\r\n\r\n", "HTTP/1.1 200 O\0K\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 200 OK\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n",
    ]) func `refuses what is malformed or ambiguous`(_ text: String) {
        #expect(throws: Fault.self) { try scan(text) }
    }

    @Test func `knows whether the connection goes on`() throws {
        #expect(try #require(try scan("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")).isKeptAlive)
        #expect(
            try !#require(try scan("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")).isKeptAlive)
        #expect(try !#require(try scan("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")).isKeptAlive)
        #expect(try !#require(try scan("HTTP/1.1 200 OK\r\n\r\n")).isKeptAlive)
        #expect(try !#require(try scan("HTTP/1.1 101 Switching\r\n\r\n")).isKeptAlive)
    }

    @Test func `an interim answer is not the last one`() throws {
        #expect(try #require(try scan("HTTP/1.1 103 Early Hints\r\n\r\n")).isInterim)
        #expect(try !#require(try scan("HTTP/1.1 101 Switching\r\n\r\n")).isInterim)
        #expect(try !#require(try scan("HTTP/1.1 200 OK\r\n\r\n")).isInterim)
    }
}
