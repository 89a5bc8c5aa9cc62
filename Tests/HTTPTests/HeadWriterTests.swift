import HTTP
import Nouns
import Testing

struct HeadWriterTests {
    @Test func `a value cannot leave its line`() {
        var output: [UInt8] = []
        HeadWriter.field("x-a", "b\r\nx-c: d\0", to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "x-a: b  x-c: d \r\n")
    }

    @Test(arguments: [
        (BodyFraming.none, 200, "content-length: 0\r\n"), (.none, 204, ""), (.none, 304, ""), (.none, 100, ""),
        (.length(12), 200, "content-length: 12\r\n"), (.chunked, 200, "transfer-encoding: chunked\r\n"),
        (.untilClose, 200, ""),
    ]) func `says how the body ends`(_ framing: BodyFraming, _ status: Int, _ expected: String) {
        var output: [UInt8] = []
        HeadWriter.framing(framing, status: status, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }

    @Test func `writes dates as RFC 9110 shows them`() {
        let cases: [(Int64, String)] = [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_827_696, "Tue, 29 Feb 2000 12:34:56 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ]
        for (seconds, text) in cases {
            var output: [UInt8] = []
            HTTPDate.append(seconds: seconds, to: &output)
            #expect(String(decoding: output, as: UTF8.self) == text)
        }
    }

    @Test func `a fault leaves as JSON text with its status, code, party and wait`() {
        let fault = Fault(
            503, "instance.quarantined", "It \"crashed\\\"\n\u{1}\u{1f}.", party: .instance,
            retryAfter: .milliseconds(1_001))
        let text = String(decoding: FaultBody.response(fault, requestID: "r1", closes: true), as: UTF8.self)
        let body =
            #"{"error":"It \"crashed\\\"\n\u0001\u001f.","code":"instance.quarantined","party":"instance","#
            + #""retry_after":2,"request_id":"r1"}"#
        #expect(
            text
                == "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
                + "content-length: \(body.utf8.count)\r\n"
                + "retry-after: 2\r\nx-request-id: r1\r\nconnection: close\r\n\r\n\(body)")
    }

    @Test func `an answer to HEAD has the length but not the body`() {
        let text = String(decoding: FaultBody.response(.hostMissing, isHead: true, closes: false), as: UTF8.self)
        #expect(text.hasSuffix("\r\n\r\n"))
        #expect(text.contains("content-length: \(FaultBody.bytes(.hostMissing).count)\r\n"))
        #expect(!text.contains("connection"))
    }
}
