import HTTP
import Testing

struct TrailerTests {
    private static let head = Stage.head("POST /v1/database/a", "Transfer-Encoding: chunked\r\n")

    @Test func `fields behind a request's body go on, but for those that frame, route or identify`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(
            Self.head + "1\r\na\r\n0\r\nX-Sum:  17 \r\nContent-Length: 5\r\nX-Bunbase-Token: forged\r\nHost: b\r\n"
                + "Connection: x\r\nX-Last: z\r\n\r\n")
        let end = "\r\n\r\n1\r\na\r\n0\r\nX-Sum: 17\r\nX-Last: z\r\n\r\n"
        try stage.until { instance.peers.first?.text.hasSuffix(end) == true }
    }

    @Test(arguments: [("TE: trailers\r\n", "X-Sum: 17\r\n"), ("TE: gzip, Trailers;q=0\r\n", ""), ("", "")])
    func `fields behind an answer go on to those who take them`(_ field: String, _ trailers: String) throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(Stage.get("/v1/database/a", field))
        try stage.until { instance.peers.first?.text.isEmpty == false }
        instance.peers[0].say(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 17\r\nSet-Cookie: a=b\r\n\r\n")
        try stage.until { client.text.hasSuffix("\r\n\r\n") && client.text.contains("\r\n0\r\n") }
        let behind = client.text.components(behind: "\r\n0\r\n")
        #expect(behind == (trailers.isEmpty ? "\r\n" : "X-Sum: 17\r\nSet-Cookie: a=b\r\n\r\n"))
    }

    @Test func `trailers that come byte by byte are the same`() throws {
        var decoder = ChunkedDecoder()
        for byte in Array("0\r\nA: b\r\nC: d\r\n\r\n".utf8) {
            _ = try [byte].withUnsafeBytes { try decoder.decode($0) { _ in } }
        }
        #expect(decoder.isComplete)
        #expect(decoder.trailers == Array("A: b\r\nC: d\r\n".utf8))
    }
}

extension String {
    fileprivate func components(behind mark: String) -> String? { range(mark).map { String(self[$0.upperBound...]) } }
}
