import Contracts
import HTTP
import Nouns
import Routing

extension FuzzTarget {
    private static let secret = Token(random: (1, 2))
    private static let routes = RouteTable([
        Route(prefix: "/", kind: .bundoc, rewrite: "/in/{project}/", bodyMax: 1_000, timeout: .seconds(1))
    ])

    /// What instances get for the heads that the front accepts: one request, of the same length, in which the front
    /// alone says who it is for.
    package static let forwarded = FuzzTarget(
        "forwarded",
        seeds: [
            "GET /a?key=1&x=2 HTTP/1.1\r\nHost: a\r\nX-Bunbase-Project: b\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX-Forwarded-For: b\r\nTE: trailers\r\n\r\n",
            "PUT http://a/b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
                + "x_bunbase_token: c\r\n\r\n",
            "GET / HTTP/1.0\r\nX-Request-Id: a\r\nForwarded: for=b\r\n\r\n",
        ],
        words: [
            "X-Bunbase-", "x_bunbase_token", "Connection: ", "host", "content-length", "X-Forwarded-For: ",
            "Transfer-Encoding: chunked", "\r\n", "\r\n\r\n", "/in/", "%2e", "..",
        ]
    ) { bytes in
        var scanner = RequestScanner(HeadLimits(bytesMax: 2_048, fieldsMax: 20))
        guard (try? scanner.scan(bytes)) == true,
            let match = routes.match(host: nil, path: scanner.head.path, in: bytes)
        else { return }
        let head = scanner.head
        let requestID = Array("id-1".utf8).withUnsafeBytes { RequestID($0)! }
        let project = ProjectEntry(
            id: ProjectID("acme")!, slug: "acme", key: ProjectKey("pk_" + secret.hex)!,
            gauge: ProjectGauge(ProjectID("acme")!))
        let forwarding = Forwarding(head, bytes, from: Forwarding(of: IPAddress("10.0.0.1"), isSecure: false), .init())
        let output = OutputBuffer()
        RequestForwarding.append(
            head, bytes, Gate.Passed(match: match, entry: project), requestID, forwarding, trace: 1, to: output)
        let endpoint = Endpoint(
            instance: InstanceID(project.id, .bundoc), generation: Generation(1), port: 1, unix: nil, handOff: nil,
            token: secret)
        RequestForwarding.appendEnd(LeaseBook.Use(endpoint, users: 1, at: .zero), to: output)
        try checkForwarded(output.bytes, of: head)
    }

    private static func checkForwarded(_ bytes: UnsafeRawBufferPointer, of head: RequestHead) throws {
        var scanner = RequestScanner(HeadLimits(bytesMax: 8_192, fieldsMax: 40))
        guard (try? scanner.scan(bytes)) == true, scanner.head.length == bytes.count else {
            throw Broken("not one head: \(bytes.text)")
        }
        try demand(
            scanner.head.framing == head.framing, "\(head.framing) became \(scanner.head.framing): \(bytes.text)")
        func values(_ isMeant: (String) -> Bool) -> [String] {
            scanner.head.fields.lines.filter { isMeant(bytes[$0.name].text.lowercased()) }.map { bytes[$0.value].text }
        }
        func normal(_ name: String) -> String { String(name.map { $0 == "_" ? "-" : $0 }) }
        let ours = values { normal($0).hasPrefix("x-bunbase-") || normal($0).hasPrefix("x-bundoc-") }
        try demand(ours.sorted() == ["acme", "id-1", "key", secret.hex].sorted(), "reserved fields: \(ours)")
        try demand(values { $0 == "x-forwarded-for" } == ["10.0.0.1"], "x-forwarded-for: \(bytes.text)")
        try demand(values { $0 == "host" }.count == 1, "host: \(bytes.text)")
        let hops = values { ["connection", "keep-alive", "te", "upgrade", "proxy-connection"].contains($0) }
        try demand(hops.isEmpty, "for one hop only: \(hops)")
    }
}
