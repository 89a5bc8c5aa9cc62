import Contracts
import Foundation
import Glibc
import JSON
import Linux
import Trial

/// What happens when something does not.
extension Rule {
    static let failures: [Rule] = [
        Rule("repeats a read on a new connection when the old one ends before the answer", "RFC 9110 §9.2.2") { scene in
            let client = try scene.client()
            let (first, upstream) = try scene.pass(scene.request(), from: client)
            upstream.close()
            let next = try scene.instance.accept()
            try demand(try next.head() == first, "another request")
            try next.send(Scene.fine)
            try demand(try client.answer(to: "GET").text == "ok", "no answer")
        },
        Rule("repeats a read no more than its budget", "RFC 9110 §9.2.2") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            upstream.close()
            var attempts = 1
            while attempts < 10, !client.hasBytes(within: .milliseconds(2)) {
                guard scene.instance.hasConnection else { continue }
                let next = try scene.instance.accept()
                _ = try next.head()
                next.close()
                attempts += 1
            }
            try demand(attempts == 3, "\(attempts) attempts")
            let answer = try client.answer(to: "GET")
            try demand(answer.json["code"]?.string == "instance.connection_lost", answer.text)
        },
        Rule("does not repeat a write that was sent", "RFC 9110 §9.2.2") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request("POST /v1/test/a"), from: client)
            upstream.close()
            let answer = try client.answer(to: "POST")
            try demand(answer.status == 502 && answer.json["code"]?.string == "instance.connection_lost", answer.text)
            try demand(!scene.instance.hasConnection, "sent again")
        },
        Rule("does not give a write to a connection that has ended meanwhile", "RFC 9112 §9.3.1", isOnPort: true) {
            scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            try upstream.send(Scene.fine)
            _ = try client.answer(to: "GET")
            // The request comes first and the end behind it, before the front looks at either.
            scene.front.pause()
            try client.send(scene.request("POST /v1/test/a"))
            upstream.close()
            scene.front.signal(SIGCONT)
            let next = try scene.instance.accept()
            _ = try next.head()
            try next.send(Scene.fine)
            try demand(try client.answer(to: "POST").text == "ok", "no answer")
        },
        Rule("repeats a PUT with its body", "RFC 9110 §9.2.2") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(
                scene.request("PUT /v1/test/a", fields: "Content-Length: 3\r\n", body: "abc"), from: client)
            upstream.close()
            let next = try scene.instance.accept()
            _ = try next.head()
            try demand(try next.read(count: 3) == Array("abc".utf8), "another body")
            try next.send(Scene.fine)
            try demand(try client.answer(to: "PUT").text == "ok", "no answer")
        },
        Rule("asks elsewhere when the listener is another's by now", "RFC 9110 §15.5.20") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request("POST /v1/test/a"), from: client)
            try upstream.send("HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n")
            let next = try scene.instance.accept()
            _ = try next.head()
            try next.send(Scene.fine)
            try demand(try client.answer(to: "POST").text == "ok", "no answer")
        },
        Rule("says that nobody listens", "our errors") { scene in
            scene.instance.release()
            let client = try scene.client()
            try client.send(scene.request())
            let answer = try client.answer(to: "GET")
            try demand((500...599).contains(answer.status), "\(answer.status)")
            try demand(["instance.unreachable", "instance.moved"].contains(answer.json["code"]?.string), answer.text)
            try demand(answer.json["party"]?.string != "client", answer.text)
        },
        Rule("passes the supervisor's refusal on, with its reason and time", "our errors") { scene in
            let client = try scene.client()
            try client.send(scene.request(key: scene.refused.key))
            let answer = try client.answer(to: "GET")
            try demand(answer.status == 503 && answer["retry-after"] == "41", "\(answer)")
            try demand(answer.json["code"]?.string == "instance.quarantined", answer.text)
            try demand(answer.json["party"]?.string == "instance", answer.text)
            try demand(answer.json["retry_after"]?.int == 41, answer.text)
            try demand(answer["content-type"] == "application/json", "\(answer.fields)")
        },
    ]

    /// What ends by itself.
    static let limits: [Rule] = [
        Rule("gives up waiting for an instance", "RFC 9110 §15.6.4", .tight) { scene in
            let client = try scene.client()
            try client.send(scene.request(key: scene.unanswered.key))
            let answer = try client.answer(to: "GET")
            try demand(answer.json["code"]?.string == "instance.wait_timed_out", answer.text)
        },
        Rule("gives up waiting for an answer", "RFC 9110 §15.6.5", .tight) { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            let answer = try client.answer(to: "GET")
            try demand(answer.status == 504, "\(answer.status)")
            try demand(answer.json["code"]?.string == "instance.response_timed_out", answer.text)
            try upstream.expectEnd()
        },
        Rule("cuts off a head that does not come", "RFC 9110 §15.5.9", .tight) { scene in
            let client = try scene.client()
            try client.send("GET / HTTP/1.1\r\nHo")
            let answer = try client.answer(to: "GET")
            try demand(answer.status == 408, "\(answer.status)")
            try client.expectEnd()
        },
        Rule("cuts off a head that comes byte by byte for too long", "RFC 9110 §15.5.9", .tight) { scene in
            let client = try scene.client()
            try client.send("GET / HTTP/1.1\r\nX-A: ")
            // Ends when the front does; each byte alone would keep a lenient timer going.
            for _ in 0..<100_000 {
                do { try client.send("a") } catch { break }
                if client.hasBytes(within: .milliseconds(5)) { break }
            }
            try demand(try client.answer(to: "GET").status == 408, "another answer")
        },
        Rule("ends a connection that rests for too long, without a word", "RFC 9112 §9.5", .tight) { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            try upstream.send(Scene.fine)
            _ = try client.answer(to: "GET")
            try client.expectEnd()
        },
        Rule("ends a connection that says nothing, without a word", "RFC 9112 §9.5", .tight) { scene in
            try scene.client().expectEnd()
        },
        Rule("cuts off a body that does not come", "RFC 9110 §15.5.9", .tight) { scene in
            let client = try scene.client()
            try client.send(scene.request("POST /v1/test/a", fields: "Content-Length: 9\r\n", body: "bod"))
            let answer = try client.answer(to: "POST")
            try demand(answer.json["code"]?.string == "request.body_timeout", answer.text)
            try client.expectEnd()
        },
        Rule("cuts off a body that trickles", "our limits", .tight) { scene in
            let client = try scene.client()
            try client.send(scene.request("POST /v1/test/a", fields: "Content-Length: 900\r\n"))
            for _ in 0..<900 {
                do { try client.send("a") } catch { break }
                if client.hasBytes(within: .milliseconds(10)) { break }
            }
            let answer = try client.answer(to: "POST")
            try demand(answer.json["code"]?.string == "request.body_timeout", answer.text)
        },
        Rule("cuts off a client that does not take its answer", "our limits", .tight) { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: client)
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            let block = [UInt8](repeating: 120, count: 1 << 20)
            // The front must end this: sockets and buffers hold far less.
            for _ in 0..<90 {
                do { try upstream.send(block) } catch BlockingConnection.Failure.send(let code) {
                    return try demand(code == EPIPE || code == ECONNRESET, "still open: \(code)")
                }
            }
            throw Broken("took 90 MB for a client that does not read")
        },
        Rule("allows a project so many requests at once, and another its own", "our limits", .tight) { scene in
            let clients = try (0..<3).map { _ in try scene.client() }
            for client in clients { try client.send(scene.request(key: scene.unanswered.key)) }
            let other = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: other)
            try upstream.send(Scene.fine)
            try demand(try other.answer(to: "GET").text == "ok", "another project has to wait")
            let codes = try clients.map { try $0.answer(to: "GET").json["code"]?.string }
            try demand(codes.filter { $0 == "project.requests_too_many" }.count == 1, "\(codes)")
        },
        Rule("tells connections beyond the limit that there is no room, and keeps the others", "our limits", .tight) {
            scene in
            let first = try scene.client()
            let (_, upstream) = try scene.pass(scene.request(), from: first)
            let crowd = try (0..<Scene.tightConnections).map { _ in try scene.client() }
            guard let last = crowd.last else { return }
            let answer = try last.answer(to: "GET")
            try demand(answer.status == 503 && answer.json["code"]?.string == "connections.too_many", "\(answer)")
            try last.expectEnd()
            try upstream.send(Scene.fine)
            try demand(try first.answer(to: "GET").text == "ok", "the others are not served")
        },
    ]

    /// A planned end.
    static let leaving: [Rule] = [
        Rule("answers what is under way when it leaves, and then ends", "our drain", .own) { scene in
            let (busy, idle) = (try scene.client(), try scene.client())
            try idle.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try idle.answer(to: "GET")
            let (_, upstream) = try scene.pass(scene.request(), from: busy)
            scene.front.signal(SIGTERM)
            try idle.expectEnd()
            try demand(scene.front.exit == nil, "ended with a request under way")
            try upstream.send(Scene.fine)
            let answer = try busy.answer(to: "GET")
            try demand(answer.text == "ok" && answer["connection"] == "close", "\(answer)")
            try busy.expectEnd()
            try demand(scene.front.awaitExit()?.cause == .code(0), "did not end well")
        }
    ]

    /// Redis clients that nobody knows yet.
    static let greetings: [Rule] = [
        greets("a command before AUTH", "*1\r\n$4\r\nPING\r\n", "-NOAUTH "),
        greets("a wrong key", "*3\r\n$4\r\nAUTH\r\n$6\r\nrule-0\r\n$3\r\nkey\r\n", "-WRONGPASS "),
        greets("an unknown project", "AUTH nobody pk_00000000000000000000000000000000\r\n", "-WRONGPASS "),
        greets("a command that is too long", "AUTH \(String(repeating: "a", count: 2_000))", "-ERR ", ends: true),
        greets("a command of too many words", "*1000\r\n", "-ERR ", ends: true),
        greets("what is no command", "*x\r\n", "-ERR ", ends: true),
        Rule("ends a Redis connection after so many commands before AUTH", "our limits") { scene in
            let client = try BlockingConnection(.port(scene.front.respPort), patience: Scene.patience)
            try client.send(String(repeating: "PING\r\n", count: 17))
            let text = String(decoding: try client.readToEnd(), as: UTF8.self)
            try demand(text.components(separatedBy: "-NOAUTH ").count <= 17, text)
        },
        Rule("ends a Redis connection that says nothing", "our limits", .tight) { scene in
            let client = try BlockingConnection(.port(scene.front.respPort), patience: Scene.patience)
            _ = try client.readToEnd()
        },
    ]

    private static func greets(_ name: String, _ command: String, _ reply: String, ends: Bool = false) -> Rule {
        Rule("refuses \(name) of a Redis client", "RESP") { scene in
            let client = try BlockingConnection(.port(scene.front.respPort), patience: Scene.patience)
            try client.send(command)
            let line = try client.readLine()
            try demand(line.hasPrefix(reply), line)
            if ends { try client.expectEnd() }
        }
    }
}
