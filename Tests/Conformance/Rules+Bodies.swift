import Contracts
import Foundation
import JSON
import Nouns
import Trial

/// What comes behind a head.
extension Rule {
    private static let chunked = "Transfer-Encoding: chunked\r\n"

    /// A chunked body that is wrong: the request is answered with the fault, and the instance does not get it whole.
    private static func breaks(
        _ name: String, _ source: String, _ body: String, _ status: Int, _ code: String, _ setting: Setting = .usual
    ) -> Rule {
        Rule("refuses \(name)", source, setting) { scene in
            let client = try scene.client()
            try client.send(scene.request("POST /v1/test/a", fields: chunked, body: body))
            let answer = try client.answer(to: "POST")
            try demand(
                answer.status == status && answer.json["code"]?.string == code, "\(answer.status) \(answer.text)")
            try demand(answer["connection"] == "close", "connection: \(answer["connection"] ?? "")")
            try client.expectEnd()
            guard scene.instance.hasConnection else { return }
            let upstream = try scene.instance.accept()
            let text = String(decoding: try upstream.readToEnd(), as: UTF8.self)
            try demand(!text.hasSuffix("0\r\n\r\n"), "the instance got a whole request: \(text)")
        }
    }

    static let bodies: [Rule] = [
        breaks("a chunk size that is none", "RFC 9112 §7.1", "x\r\na\r\n0\r\n\r\n", 400, "request.chunk_malformed"),
        breaks("a negative chunk size", "RFC 9112 §7.1", "-1\r\na\r\n0\r\n\r\n", 400, "request.chunk_malformed"),
        breaks("a chunk size with 0x", "RFC 9112 §7.1", "0x1\r\na\r\n0\r\n\r\n", 400, "request.chunk_malformed"),
        breaks("what follows a chunk size", "RFC 9112 §7.1", "1g\r\na\r\n0\r\n\r\n", 400, "request.chunk_malformed"),
        breaks("an empty chunk size", "RFC 9112 §7.1", "\r\n\r\n", 400, "request.chunk_malformed"),
        breaks(
            "a chunk size beyond all numbers", "RFC 9112 §7.1", "10000000000000001\r\na\r\n0\r\n\r\n", 400,
            "request.chunk_malformed"),
        breaks(
            "a chunk that is longer than its size", "RFC 9112 §7.1", "1\r\nabc\r\n0\r\n\r\n", 400,
            "request.chunk_malformed"),
        breaks(
            "a chunk size that ends in LF alone", "RFC 9112 §7.1", "1\na\r\n0\r\n\r\n", 400, "request.chunk_malformed"),
        breaks("a chunk that ends in LF alone", "RFC 9112 §7.1", "1\r\na\n0\r\n\r\n", 400, "request.chunk_malformed"),
        breaks(
            "LF within a chunk's extension", "RFC 9112 §7.1.1", "1;a=\nb\r\na\r\n0\r\n\r\n", 400,
            "request.chunk_malformed"),
        breaks(
            "a chunk's extension beyond the limit", "RFC 9112 §7.1.1",
            "1;\(String(repeating: "a", count: 300))\r\na\r\n0\r\n\r\n", 400, "request.chunk_overhead"),
        breaks(
            "many chunks that are mostly extension", "RFC 9112 §7.1.1",
            String(repeating: "1;\(String(repeating: "a", count: 200))\r\na\r\n", count: 100) + "0\r\n\r\n", 400,
            "request.chunk_overhead"),
        breaks("a trailer that is no field", "RFC 9112 §7.1.2", "0\r\nA b\r\n\r\n", 400, "request.chunk_malformed"),
        breaks(
            "trailers beyond the limit", "RFC 9112 §7.1.2",
            "0\r\n" + String(repeating: "X-A: \(String(repeating: "a", count: 90))\r\n", count: 50) + "\r\n", 431,
            "request.trailers_too_long"),
        breaks(
            "a chunked body beyond the route's limit", "RFC 9110 §15.5.14",
            "5dc\r\n" + String(repeating: "a", count: 1_500) + "\r\n0\r\n\r\n", 413, "request.body_too_long", .tight),
        Rule("refuses a length beyond the route's limit before the body comes", "RFC 9110 §15.5.14", .tight) { scene in
            let client = try scene.client()
            try client.send(scene.request("POST /v1/test/a", fields: "Content-Length: 1001\r\n"))
            let answer = try client.answer(to: "POST")
            try demand(answer.status == 413, "\(answer.status)")
            try demand(!scene.instance.hasConnection, "the instance was asked")
        },
        Rule("passes chunks on in a form of its own, without extensions", "RFC 9112 §7.1") { scene in
            let client = try scene.client()
            let (head, upstream) = try scene.pass(
                scene.request("POST /v1/test/a", fields: chunked, body: "3;x=y\r\nabc\r\n0002\r\nde\r\n0\r\n\r\n"),
                from: client
            )
            try demand(head.lowercased().contains("\r\ntransfer-encoding: chunked\r\n"), head)
            let body = String(decoding: try upstream.read(until: "0\r\n\r\n"), as: UTF8.self)
            try demand(!body.contains(";") && !body.contains("0002"), body)
            let data = body.replacing("\r\n", with: "\n").split(separator: "\n").enumerated()
                .filter { $0.offset % 2 == 1 }.map(\.element).joined()
            try demand(data == "abcde", body)
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "POST").text == "ok", "no answer")
        },
        Rule("passes a body with a length on as it is", "RFC 9112 §6.2") { scene in
            let client = try scene.client()
            let (head, upstream) = try scene.pass(
                scene.request("PUT /v1/test/a", fields: "Content-Length: 5\r\n", body: "hello"), from: client)
            try demand(head.lowercased().contains("\r\ncontent-length: 5\r\n"), head)
            try demand(try upstream.read(count: 5) == Array("hello".utf8), "another body")
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "PUT").text == "ok", "no answer")
        },
        Rule("does not take what follows a body for a part of it", "RFC 9112 §6.3") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(
                scene.request("POST /v1/test/a", fields: "Content-Length: 2\r\n", body: "ab")
                    + scene.request("GET /v1/test/b"),
                from: client)
            try demand(try upstream.read(count: 2) == Array("ab".utf8), "another body")
            try upstream.send(Scene.fine)
            try demand(try upstream.head().hasPrefix("GET /inner/\(scene.project.project)/b "), "another request")
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb")
            try demand(try client.answer(to: "POST").text == "ok", "another answer")
            try demand(try client.answer(to: "GET").text == "b", "another answer")
        },
        Rule("says 100 to who waits for it, before the body comes", "RFC 9110 §10.1.1") { scene in
            let client = try scene.client()
            let (head, upstream) = try scene.pass(
                scene.request("PUT /v1/test/a", fields: "Content-Length: 2\r\nExpect: 100-continue\r\n"), from: client)
            try demand(!head.lowercased().contains("expect"), head)
            try demand(try client.head() == "HTTP/1.1 100 Continue\r\n\r\n", "no 100")
            try client.send("ab")
            try demand(try upstream.read(count: 2) == Array("ab".utf8), "another body")
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "PUT").text == "ok", "no answer")
        },
        Rule("says no 100 when the request is refused anyway", "RFC 9110 §10.1.1") { scene in
            let client = try scene.client()
            try client.send("PUT /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            try demand(try client.head().hasPrefix("HTTP/1.1 404 "), "something else came first")
        },
        Rule("passes trailers on, but none that frames, routes or identifies", "RFC 9110 §6.5.1") { scene in
            let client = try scene.client()
            let trailers =
                "X-Sum: 17\r\nContent-Length: 5\r\nHost: planted\r\nX-Bunbase-Token: planted\r\n"
                + "Transfer-Encoding: planted\r\nX-Forwarded-For: planted\r\nAuthorization: planted\r\n\r\n"
            let (_, upstream) = try scene.pass(
                scene.request("POST /v1/test/a", fields: chunked, body: "1\r\na\r\n0\r\n" + trailers), from: client)
            let body = String(decoding: try upstream.read(until: "\r\n\r\n"), as: UTF8.self)
            try demand(body == "1\r\na\r\n0\r\nX-Sum: 17\r\n\r\n", body)
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "POST").text == "ok", "no answer")
        },
        Rule("goes on behind a refused request whose body came with it", "RFC 9112 §9.3") { scene in
            let client = try scene.client()
            try client.send("POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
            try demand(try client.answer(to: "POST").status == 404, "another answer")
            try client.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
            try demand(try client.answer(to: "GET").status == 404, "the body is taken for a request")
        },
        Rule("closes behind a refused request whose body did not come", "RFC 9112 §9.3") { scene in
            let client = try scene.client()
            try client.send("POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n")
            try demand(try client.answer(to: "POST")["connection"] == "close", "does not say that it closes")
            try client.expectEnd()
        },
        Rule("passes an answer on that comes before the body's end, and closes", "RFC 9110 §10.1.1") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(
                scene.request("POST /v1/test/a", fields: "Content-Length: 100\r\n", body: "abc"), from: client)
            try upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
            let answer = try client.answer(to: "POST")
            try demand(answer.status == 403 && answer.text == "no" && answer["connection"] == "close", "\(answer)")
            try client.expectEnd()
        },
    ]
}
