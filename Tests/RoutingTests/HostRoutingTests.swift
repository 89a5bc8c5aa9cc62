import Contracts
import HTTP
import Nouns
import Routing
import Testing

struct HostRoutingTests {
    static func route(_ host: String?, _ prefix: String, _ kind: String) -> Route {
        Route(
            host: host.map { RouteHost($0)! }, prefix: prefix, kind: Kind(kind)!, rewrite: "/", bodyMax: 1,
            timeout: .seconds(1))
    }

    static let table = RouteTable([
        route(nil, "/v1/", "any"), route(nil, "/v1/long/path/", "long"), route("api.example.org", "/v1/", "exact"),
        route("{project}.example.org", "/", "project"), route("*.example.org", "/v1/long/path/", "label"),
        route("*.other.org", "/v1/", "label"), route("{project}.other.org", "/f/", "project"),
        route("localhost", "/local/", "local"),
    ])

    /// The kind that a request goes to, and the project's label.
    static func find(_ host: String?, _ path: String) -> String? {
        let bytes = Array(((host ?? "") + path).utf8)
        return bytes.withUnsafeBytes { buffer in
            let split = host?.utf8.count ?? 0
            let match = table.match(
                host: host == nil ? nil : ByteRange(0, split), path: ByteRange(split, buffer.count), in: buffer)
            guard let match else { return nil }
            let label = match.projectLabel.map { " " + buffer[$0].text } ?? ""
            return "\(match.route.kind)\(label)"
        }
    }

    @Test(
        arguments: [
            (nil, "/v1/a", "any"), ("elsewhere.net", "/v1/a", "any"), ("elsewhere.net", "/v1/long/path/", "long"),
            ("elsewhere.net", "/x", nil), ("api.example.org", "/v1/a", "exact"),
            // A route for this host comes before one with a longer prefix for more hosts.
            ("api.example.org", "/v1/long/path/a", "exact"), ("api.example.org:8090", "/v1/a", "exact"),
            ("API.Example.ORG", "/v1/a", "exact"), ("api.example.org.", "/v1/a", "exact"),
            ("api.example.org.:443", "/v1/a", "exact"), ("acme.example.org", "/v1/long/path/", "project acme"),
            ("Acme.example.org", "/", "project Acme"), ("api.example.org", "/x", "project api"),
            // One label, no more and no fewer.
            ("a.b.example.org", "/v1/a", "any"), ("example.org", "/v1/a", "any"), (".example.org", "/v1/a", "any"),
            ("acme.other.org", "/f/a", "project acme"), ("acme.other.org", "/v1/a", "label"),
            ("acme.other.org", "/x", nil), ("localhost", "/local/", "local"), ("localhost:1", "/v1/a", "any"),
            ("[::1]:80", "/v1/a", "any"), (":80", "/v1/a", "any"), ("", "/v1/a", "any"),
            (String(repeating: "a.", count: 200) + "example.org", "/v1/a", "any"),
        ] as [(String?, String, String?)])
    func `the most exact host that has the path wins, then the longest prefix`(
        host: String?, path: String, kind: String?
    ) {
        #expect(Self.find(host, path) == kind)
    }

    @Test func `hundreds of hosts do not get in each other's way`() {
        let table = RouteTable((0..<500).map { Self.route("h\($0).example.org", "/", "k\($0)") })
        for number in 0..<500 {
            let bytes = Array("h\(number).example.org/".utf8)
            bytes.withUnsafeBytes { buffer in
                let match = table.match(
                    host: ByteRange(0, buffer.count - 1), path: ByteRange(buffer.count - 1, buffer.count), in: buffer)
                #expect(match?.route.kind.text == "k\(number)")
            }
        }
    }
}
