import Foundation
import JSON
import Trial

/// How answers travel back.
extension Rule {
    /// An answer that cannot be trusted: the client gets 502 instead.
    private static func distrusts(_ name: String, _ source: String, _ answer: String) -> Rule {
        Rule("does not pass \(name) on", source) { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request("POST /v1/test/a"), from: client)
            try upstream.send(answer)
            let found = try client.answer(to: "POST")
            try demand(
                found.status == 502 && found.json["code"]?.string == "instance.response_malformed",
                "\(found.status) \(found.text)")
            try upstream.expectEnd()
        }
    }

    static let answers: [Rule] = [
        Rule("gives HEAD the length but no body", "RFC 9110 §9.3.2") { scene in
            let client = try scene.client()
            let (head, upstream) = try scene.pass(scene.request("HEAD /v1/test/a"), from: client)
            try demand(head.hasPrefix("HEAD "), head)
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
            let found = try client.head()
            try demand(found.lowercased().contains("\r\ncontent-length: 7\r\n"), found)
            try client.send(scene.request("GET /v1/test/b"))
            _ = try upstream.head()
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "GET").text == "ok", "the next answer is not the next")
        },
        Rule("expects no body of 204 and 304", "RFC 9112 §6.3") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            for status in ["204 No Content", "304 Not Modified"] {
                try upstream.send("HTTP/1.1 \(status)\r\nETag: \"a\"\r\n\r\n")
                try demand(try client.answer(to: "GET").status == Int(status.prefix(3)), status)
                try client.send(scene.request())
                _ = try upstream.head()
            }
        },
        Rule("passes interim answers on before the answer", "RFC 9110 §15.2") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            try upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            let early = try client.head()
            try demand(early.hasPrefix("HTTP/1.1 103 ") && early.lowercased().contains("link: </a>"), early)
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "GET").text == "ok", "no answer")
        },
        Rule("does not pass interim answers on to HTTP/1.0", "RFC 9110 §15.2") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request().replacing("HTTP/1.1", with: "HTTP/1.0"), from: client)
            try upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + Scene.fine)
            let head = try client.head()
            try demand(head.contains(" 200 "), head)
        },
        Rule("passes chunks on as they come, with their end", "RFC 9112 §7.1") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            try upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            let head = try client.head()
            try demand(head.lowercased().contains("\r\ntransfer-encoding: chunked\r\n"), head)
            try demand(try client.read(count: 8) == Array("3\r\nabc\r\n".utf8), "held back, or changed")
            try upstream.send("0\r\n\r\n")
            try demand(try client.read(count: 5) == Array("0\r\n\r\n".utf8), "no end")
        },
        Rule("passes events on at once", "HTML §9.2") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(fields: "Accept: text/event-stream\r\n"), from: client)
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            _ = try client.head()
            for number in 1...3 {
                try upstream.send("data: \(number)\n\n")
                let event = String(decoding: try client.read(until: "\n\n"), as: UTF8.self)
                try demand(event.contains("data: \(number)\n"), event)
            }
        },
        Rule("makes chunks of a body that ends with its connection", "RFC 9112 §6.3") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            try upstream.send("HTTP/1.1 200 OK\r\n\r\nall of it")
            upstream.close()
            let answer = try client.answer(to: "GET")
            try demand(answer["transfer-encoding"] == "chunked" && answer.text == "all of it", "\(answer)")
        },
        Rule("does not end an answer that the instance did not end", "RFC 9112 §8") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            try upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            _ = try client.head()
            _ = try client.read(count: 8)
            upstream.close()
            try client.expectEnd()
        },
        Rule("does not end an answer that is shorter than it said", "RFC 9112 §8") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            _ = try client.head()
            _ = try client.read(count: 3)
            upstream.close()
            try client.expectEnd()
        },
        Rule("does not pass the instance's hop-by-hop fields on", "RFC 9110 §7.6.1") { scene in
            let (_, answer) = try scene.exchange(
                scene.request(),
                "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: planted\r\nKeep-Alive: planted\r\n"
                    + "Content-Length: 2\r\n\r\nok")
            try demand(!answer.fields.contains { $0.value == "planted" }, "\(answer.fields)")
        },
        Rule("does not pass our own fields on to clients", "our namespace") { scene in
            let (_, answer) = try scene.exchange(
                scene.request(), "HTTP/1.1 200 OK\r\nX-Bunbase-Token: planted\r\nContent-Length: 2\r\n\r\nok")
            try demand(!answer.fields.contains { $0.value == "planted" }, "\(answer.fields)")
        },
        Rule("gives each answer the request's id, the client's if it has one", "our errors") { scene in
            let (head, answer) = try scene.exchange(scene.request(fields: "X-Request-Id: mine-1\r\n"), Scene.fine)
            try demand(head.contains("\r\nx-bunbase-request-id: mine-1\r\n"), head)
            try demand(answer["x-request-id"] == "mine-1", "\(answer.fields)")
            let client = try scene.client()
            try client.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
            let refused = try client.answer(to: "GET")
            try demand(refused["x-request-id"]?.isEmpty == false, "\(refused.fields)")
            try demand(refused["x-request-id"] == refused.json["request_id"]?.string, refused.text)
        },
        Rule("passes an answer's trailers on to who takes them, and to nobody else", "RFC 9110 §6.5.1") { scene in
            for (field, end) in [("TE: trailers\r\n", "X-Sum: 17\r\n\r\n"), ("", "\r\n")] {
                let client = try scene.client()
                try client.send(scene.request(fields: field + "Connection: close\r\n"))
                let upstream = try scene.instance.accept()
                _ = try upstream.head()
                try upstream.send(
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "1\r\na\r\n0\r\nX-Sum: 17\r\nContent-Length: 5\r\n\r\n")
                _ = try client.head()
                let body = String(decoding: try client.readToEnd(), as: UTF8.self)
                try demand(body == "1\r\na\r\n0\r\n" + end, body)
            }
        },
        Rule("unpacks chunks for HTTP/1.0", "RFC 9112 §6.1") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request().replacing("HTTP/1.1", with: "HTTP/1.0"), from: client)
            try upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            let answer = try client.answer(to: "GET")
            try demand(answer["transfer-encoding"] == nil && answer.text == "abc", "\(answer)")
        },
        Rule("says faults to HEAD without a body", "RFC 9110 §9.3.2") { scene in
            let client = try scene.client()
            try client.send("HEAD /nothing HTTP/1.1\r\nHost: h\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
            try demand(try client.head().contains(" 404 "), "another answer")
            try demand(try client.answer(to: "GET").status == 404, "a body in between")
        },
        distrusts("a switch of protocols that nobody asked for", "RFC 9110 §15.2.2", "HTTP/1.1 101 Switching\r\n\r\n"),
        distrusts(
            "a head without end", "RFC 9112 §5",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "X-A: \(String(repeating: "a", count: 990))\r\n", count: 40)),
        distrusts("what is no HTTP", "RFC 9112 §4", "hello\r\n\r\n"),
        distrusts("a head that ends in LF alone", "RFC 9112 §2.2", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
        distrusts(
            "an answer with two lengths", "RFC 9112 §6.3",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk"),
        distrusts(
            "an answer with length and coding", "RFC 9112 §6.3",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        distrusts("a control byte in an answer", "RFC 9110 §5.5", "HTTP/1.1 200 OK\r\nX-A: \u{1}\r\n\r\n"),
        Rule("does not use a connection again on which more came than the answer", "RFC 9112 §9.3") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            try upstream.send(Scene.fine + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
            try demand(try client.answer(to: "GET").text == "ok", "no answer")
            try client.send(scene.request())
            let next = try scene.instance.accept()
            _ = try next.head()
            try next.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal")
            try demand(try client.answer(to: "GET").text == "real", "the forged answer")
        },
    ]
}
