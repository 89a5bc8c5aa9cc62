import JSON
import Terminal
import Testing

struct StatusTextTests {
    static func instance(_ members: [(String, JSONValue)]) -> JSONValue {
        let usual: [(String, JSONValue)] = [
            ("project", "demo"), ("kind", "bundoc"), ("ordinal", 0), ("desired", "serving"), ("observed", "serving"),
            ("reason", "in use"), ("since", "2026-11-23T13:14:05.000Z"), ("pid", 77), ("port", 9000), ("restarts", 0),
            ("last_exit", nil), ("next_attempt", nil), ("memory_bytes", 1_258_291), ("cpu_seconds", 0.5),
        ]
        return .object(JSONObject(usual + members))
    }

    static func status(_ instances: JSONValue..., members: [(String, JSONValue)] = []) -> StatusText {
        let usual: [(String, JSONValue)] = [
            ("state", "ready"), ("since", "2026-11-23T13:13:15.000Z"), ("node", "local"),
            ("observed_at", "2026-11-23T13:14:15.000Z"), ("projects", 1),
            ("ports", ["range": "9000-9999", "held": 1, "free": 999, "taken": []]),
            ("services", [instance([("kind", "front"), ("port", nil)])]), ("instances", .array(instances)),
        ]
        return StatusText(.object(JSONObject(usual + members)), Style(isColoured: false))
    }

    @Test func `shows services and instances in tables`() {
        #expect(
            Self.status(Self.instance([])).text == """
                ready since 60 s · node local · 1 project · ports 9000-9999: 1 held, 999 free

                SERVICE  STATE    SINCE  PID  RESTARTS   MEMORY    CPU  REASON
                front    serving   10 s   77         0  1.2 MiB  0.5 s  in use

                PROJECT  KIND    STATE    SINCE  PID  PORT  RESTARTS   MEMORY    CPU  REASON
                demo     bundoc  serving   10 s   77  9000         0  1.2 MiB  0.5 s  in use

                """)
    }

    @Test func `says why, when it is tried next, and how it ended`() {
        let text = Self.status()
        let crashed = Self.instance([
            ("observed", "backoff"), ("reason", "crashed"), ("next_attempt", "2026-11-23T13:14:18.000Z"),
            (
                "last_exit",
                ["code": nil, "signal": 9, "reason": "killed by SIGKILL", "at": "2026-11-23T13:14:03.000Z"]
            ),
        ])
        #expect(text.reason(crashed) == "crashed; next attempt in 3 s; last exit: killed by SIGKILL 12 s ago")
    }

    @Test func `tells what somebody should look at`() {
        let text = Self.status(members: [
            ("configuration", ["error": "c.yaml:1:1: bad"]),
            ("ports", ["range": "9000-9001", "held": 0, "free": 1, "taken": [9001]]),
            (
                "isolation",
                [
                    "limits": [
                        ["limit": "memory", "enforced": false, "note": "no control group"],
                        ["limit": "files", "enforced": true],
                    ]
                ]
            ),
        ]).text
        #expect(text.contains("\nThe cluster file was not taken over: c.yaml:1:1: bad\n"))
        #expect(text.contains("\nPorts of the pool that other programs have: 9001\n"))
        #expect(text.contains("\nNot enforced here: memory: no control group\n"))
        #expect(!text.contains("files"))
    }

    @Test func `shows what it does not know as a dash`() {
        let asleep = Self.instance([
            ("observed", "asleep"), ("desired", "asleep"), ("pid", nil), ("port", nil), ("memory_bytes", nil),
            ("cpu_seconds", nil), ("reason", "idle"),
        ])
        let line = Self.status(asleep).text.split(separator: "\n").last ?? ""
        #expect(
            line.split(separator: " ").map(String.init) == [
                "demo", "bundoc", "asleep", "10", "s", "-", "-", "0", "-", "-", "idle",
            ])
    }
}
