import Contracts
import Foundation
import JSON
import Nouns
import Trial

/// How requests travel on.
extension Rule {
    /// A field that the instance must not get from the client.
    private static func strips(_ name: String, _ source: String, _ field: String, _ connection: String? = nil) -> Rule {
        Rule("does not pass \(name) on", source) { scene in
            let fields = "\(field): planted\r\n" + (connection.map { "Connection: \($0)\r\n" } ?? "")
            let (head, _) = try scene.exchange(scene.request(fields: fields), Scene.fine)
            try demand(!head.contains("planted"), head)
        }
    }

    static let forwarding: [Rule] = [
        Rule("answers pipelined requests in their order", "RFC 9112 §9.3.2") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(
                scene.request("GET /v1/test/1") + scene.request("GET /nothing") + scene.request("GET /v1/test/2"),
                from: client)
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")
            try demand(try client.answer(to: "GET").text == "1", "not the first")
            try demand(try client.answer(to: "GET").status == 404, "not the second")
            try demand(try upstream.head().contains("/2 "), "not the third")
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2")
            try demand(try client.answer(to: "GET").text == "2", "not the third")
        },
        Rule("keeps both connections for the next request", "RFC 9112 §9.3") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            for _ in 0..<3 {
                try upstream.send(Scene.fine)
                try demand(try client.answer(to: "GET").text == "ok", "no answer")
                try client.send(scene.request())
                _ = try upstream.head()
            }
            try demand(!scene.instance.hasConnection, "another connection")
        },
        Rule("closes when the client says so", "RFC 9112 §9.6") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(fields: "Connection: close\r\n"), from: client)
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "GET")["connection"] == "close", "not said")
            try client.expectEnd()
        },
        Rule("closes behind the answer to HTTP/1.0", "RFC 9112 §9.3") { scene in
            let client = try scene.client()
            let text = scene.request().replacing("HTTP/1.1", with: "HTTP/1.0")
            let (head, upstream) = try scene.pass(text, from: client)
            try demand(head.contains(" HTTP/1.1\r\n"), "passes another's version on")
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "GET").text == "ok", "no answer")
            try client.expectEnd()
        },
        Rule("still answers a client that has ended its side", "RFC 9112 §9.6") { scene in
            let client = try scene.client()
            try client.send(scene.request())
            client.endSending()
            let upstream = try scene.instance.accept()
            _ = try upstream.head()
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "GET").text == "ok", "no answer")
            try client.expectEnd()
        },
        Rule("takes one empty line before a request", "RFC 9112 §2.2") { scene in
            let (head, answer) = try scene.exchange("\r\n" + scene.request(), Scene.fine)
            try demand(head.hasPrefix("GET "), head)
            try demand(answer.status == 200, "\(answer.status)")
        },
        Rule("takes a URL of the same host as the path in it", "RFC 9112 §3.2.2") { scene in
            let (head, _) = try scene.exchange(scene.request("GET http://h/v1/test/a?b=c"), Scene.fine)
            try demand(head.hasPrefix("GET /inner/\(scene.project.project)/a?b=c HTTP/1.1\r\n"), head)
        },
        Rule("does not resolve dots in a path for the instance", "RFC 3986 §5.2.4") { scene in
            for path in ["/v1/test/../x", "/v1/test/%2e%2e/x", "/v1/test/./x", "/v1/test/a/.%2E"] {
                let client = try scene.client()
                try client.send(scene.request("GET \(path)"))
                let answer = try client.answer(to: "GET")
                try demand(answer.json["code"]?.string == "request.path_ambiguous", "\(path): \(answer.text)")
            }
            try demand(!scene.instance.hasConnection, "the instance was asked")
        },
        strips("what Connection names", "RFC 9110 §7.6.1", "X-Hop", "x-hop"),
        strips("Keep-Alive", "RFC 9110 §7.6.1", "Keep-Alive"),
        strips("Proxy-Connection", "RFC 9110 §7.6.1", "Proxy-Connection"),
        strips("TE", "RFC 9110 §10.1.4", "TE"),
        strips("Proxy-Authorization", "RFC 9110 §11.7.2", "Proxy-Authorization"),
        Rule("passes other fields on as they are, in their order", "RFC 9110 §5.3") { scene in
            let fields = "X-One: a\r\nCookie: b=c; d=e\r\nX-Two:   spaced \r\nX-One: f\r\nAccept: */*\r\n"
            let (head, _) = try scene.exchange(scene.request(fields: fields), Scene.fine)
            let own = head.components(separatedBy: "\r\n").filter { line in
                ["X-One", "Cookie", "X-Two", "Accept"].contains { line.lowercased().hasPrefix($0.lowercased() + ":") }
            }
            let values = own.map { $0.split(separator: ":", maxSplits: 1)[1].trimmingCharacters(in: .whitespaces) }
            try demand(values == ["a", "b=c; d=e", "spaced", "f", "*/*"], "\(own)")
        },
    ]

    /// Who the client is, is ours to say.
    static let identity: [Rule] = [
        strips("x-bunbase- fields of clients", "our namespace", "X-Bunbase-Project"),
        strips("x-bunbase- fields in any case", "our namespace", "x-BUNBASE-token"),
        strips("the original's identity fields of clients", "our namespace", "X-Bundoc-User"),
        Rule("does not pass the key on, from the header or the query", "our namespace") { scene in
            let (head, _) = try scene.exchange(scene.request(), Scene.fine)
            try demand(!head.contains(scene.project.key), head)
            let client = try scene.client()
            try client.send("GET /v1/test/a?x=1&key=\(scene.project.key)&y=2 HTTP/1.1\r\nHost: h\r\n\r\n")
            let upstream = try scene.instance.accept()
            let second = try upstream.head()
            try demand(second.contains("/a?x=1&y=2 ") && !second.contains(scene.project.key), second)
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "GET").text == "ok", "no answer")
        },
        Rule("says which project it is, and the listener's token", "our namespace") { scene in
            let (head, _) = try scene.exchange(scene.request(), Scene.fine)
            try demand(head.contains("\r\nx-bunbase-project: \(scene.project.project)\r\n"), head)
            try demand(head.contains("\r\nx-bunbase-token: \(scene.token.hex)\r\n"), head)
        },
        Rule("says the client's address itself, whatever the client says", "RFC 7239 §8.1") { scene in
            let fields = "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Proto: planted\r\n"
            let (head, _) = try scene.exchange(scene.request(fields: fields), Scene.fine)
            try demand(!head.contains("6.6.6.6") && !head.contains("planted"), head)
            try demand(head.lowercased().contains("\r\nx-forwarded-for: 127.0.0.1\r\n"), head)
        },
        .refuses(
            "a request without a key", "our errors", "GET /v1/test/a HTTP/1.1\r\nHost: h\r\n\r\n", 401, "key.required",
            closes: false),
        .refuses(
            "an unknown key", "our errors",
            "GET /v1/test/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: pk_00000000000000000000000000000000\r\n\r\n",
            401,
            "key.unknown", closes: false),
        .refuses(
            "two keys", "our errors",
            "GET /v1/test/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: {key}\r\nX-Bunbase-Client-Key: {key}\r\n\r\n",
            400, "key.repeated", closes: false),
        .refuses(
            "TRACE", "RFC 9110 §9.3.8", "TRACE /v1/test/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: {key}\r\n\r\n",
            501,
            "request.method_unsupported", closes: false),
        .refuses(
            "a path that no route has", "our errors",
            "GET /v2/test/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: {key}\r\n\r\n", 404, "route.unknown",
            closes: false),
    ]
}
