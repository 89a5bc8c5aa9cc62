import Contracts
import FrontShell
import Glibc
import HTTP
import JSON
import Linux
import Nouns
import Telemetry
import Testing

@Suite struct FrontTelemetryTests {
    private func answers(_ traffic: ProjectTraffic?) -> [UInt64]? {
        traffic.map { traffic in (0..<5).map { traffic.answers[$0] } }
    }

    @Test func `counts a project's answers, bytes and wakes`() throws {
        let stage = try Stage()
        try stage.start()
        try stage.instance(woke: true).answer { _ in "hello" }
        #expect(try stage.ask(Stage.get()).status == 200)
        #expect(try stage.ask(Stage.post("123", "")).status == 200)
        let counted = try #require(stage.front.traffic().projects[Stage.project])
        #expect(answers(counted) == [0, 2, 0, 0, 0])
        #expect(counted.bytesIn == 3)
        #expect(counted.bytesOut == 10)
        #expect(counted.wakes == 1)
        #expect(counted.latency.count == 2)
    }

    @Test func `counts its own refusals by code, for the project where it is known`() throws {
        let stage = try Stage { ($0.project.requests, $0.project.waiting) = (1, 0) }
        try stage.start()
        // Waits for an instance that does not come.
        let first = try stage.client()
        first.say(Stage.get())
        try stage.until { stage.supervisor.heard.contains { if case .request = $0 { true } else { false } } }
        #expect(try stage.ask(Stage.get()).status == 429)
        #expect(try stage.ask("GET /v1/database/a HTTP/1.1\r\nHost: h\r\n\r\n").status == 401)
        let traffic = stage.front.traffic()
        #expect(traffic.projects[Stage.project]?.faults == ["project.requests_too_many": 1])
        #expect(traffic.strangers == ["key.required": 1])
    }

    @Test func `counts clients that went away`() throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        let client = try stage.client()
        client.say(Stage.head("POST /v1/database/a", "Content-Length: 10\r\n") + "12345")
        try stage.until { !instance.peers.isEmpty }
        client.close()
        try stage.until { stage.front.connectionCount == 0 }
        #expect(stage.front.traffic().projects[Stage.project]?.abandoned == 1)
    }

    @Test func `begins a trace where the client has none`() throws {
        let stage = try Stage()
        try stage.start()
        var seen: [String] = []
        try stage.instance().answer {
            seen.append($0); return ""
        }
        _ = try stage.ask(Stage.get())
        _ = try stage.ask(Stage.get("/v1/database/a", "traceparent: 00-0-0-00\r\ntracestate: a=b\r\n"))
        let begun = seen.map { head in
            head.split(separator: "\r\n").filter { $0.hasPrefix("trace") }.map { String($0) }
        }
        #expect(begun.allSatisfy { $0.count == 1 && $0[0].utf8.count == "traceparent: ".utf8.count + 55 })
        #expect(begun[0] != begun[1])
    }

    @Test func `passes a client's trace on`() throws {
        let stage = try Stage()
        try stage.start()
        var seen = ""
        try stage.instance().answer {
            seen = $0; return ""
        }
        let trace =
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\ntracestate: a=b,c=d\r\n"
        _ = try stage.ask(Stage.get("/v1/database/a", trace))
        #expect(seen.contains("\r\n" + trace))
    }

    @Test func `writes a line for each request when told so, without query and key`() throws {
        let stage = try Stage { $0.accessLog = .sampled(every: 1) }
        let path = stage.directory + "/access.jsonl"
        defer { unlink(path) }
        stage.front.logAccess(to: path)
        try stage.start()
        try stage.instance().answer { _ in "hello" }
        _ = try stage.ask("GET /v1/database/a?key=\(Stage.key) HTTP/1.1\r\nHost: h\r\nX-Request-Id: r1\r\n\r\n")
        _ = try stage.ask("GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n")
        var lines: [JSONValue] = []
        try stage.until {
            lines = AccessLines.all(in: path)
            return lines.count == 2
        }
        #expect(lines[0]["path"] == "/v1/database/a")
        #expect(lines[0]["project"] == "acme")
        #expect(lines[0]["status"] == 200)
        #expect(lines[0]["request_id"] == "r1")
        #expect(lines[0]["bytes_out"] == 5)
        #expect(!lines[0].text.contains(Stage.key))
        #expect(lines[1]["code"] == "route.unknown")
        #expect(!lines[1].text.contains("project"))
    }

    @Test func `writes failures only when told so`() throws {
        let stage = try Stage { $0.accessLog = .failures }
        let path = stage.directory + "/access.jsonl"
        defer { unlink(path) }
        stage.front.logAccess(to: path)
        try stage.start()
        let instance = try stage.instance()
        instance.answer { _ in "hello" }
        _ = try stage.ask(Stage.get())
        instance.onBytes = { peer in
            peer.forget()
            peer.say("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n")
        }
        _ = try stage.ask(Stage.get())
        try stage.until { AccessLines.all(in: path).count == 1 }
        #expect(AccessLines.all(in: path)[0]["status"] == 500)
    }
}
