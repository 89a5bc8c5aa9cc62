import Config
import Testing

struct ConfigErrorTests {
    struct Refusal: CustomTestStringConvertible {
        var text: String
        var environment: [String: String] = [:]
        /// Each expected problem up to where it says what is allowed.
        var problems: [String]
        var testDescription: String { problems.joined(separator: " | ") }

        init(_ text: String, _ problems: String..., environment: [String: String] = [:]) {
            (self.text, self.problems, self.environment) = (text, problems, environment)
        }
    }

    static let values: [Refusal] = [
        Refusal("- a", "c.yaml:1:1: found a list of 1"),
        Refusal("node: A", #"c.yaml:1:7: node: found "A""#),
        Refusal("node: [a]", "c.yaml:1:7: node: found a list of 1"),
        Refusal("testing: yes", #"c.yaml:1:10: testing: found "yes""#),
        Refusal("home:", "c.yaml:1:6: home: found nothing"),
        Refusal("home: /", #"c.yaml:1:7: home: found "/""#),
        Refusal("supervision: 3", #"c.yaml:1:14: supervision: found "3""#),
        Refusal("supervision: {starts_max: 0}", #"c.yaml:1:27: supervision.starts_max: found "0""#),
        Refusal("supervision: {starts_max: -1}", #"c.yaml:1:27: supervision.starts_max: found "-1""#),
        Refusal("supervision: {starts_max: 1.5}", #"c.yaml:1:27: supervision.starts_max: found "1.5""#),
        Refusal(
            "supervision: {starts_max: 99999999999999999999}",
            #"c.yaml:1:27: supervision.starts_max: found "99999999999999999999""#),
        Refusal("supervision:\n  port_retry: 5", #"c.yaml:2:15: supervision.port_retry: found "5""#),
        Refusal("supervision:\n  port_retry: 5 s", #"c.yaml:2:15: supervision.port_retry: found "5 s""#),
        Refusal("supervision:\n  port_retry: 0s", #"c.yaml:2:15: supervision.port_retry: found "0s""#),
        Refusal("supervision:\n  port_retry: 9999999999999999h", "c.yaml:2:15: supervision.port_retry: found"),
        Refusal("front: {head_max: 16KB}", #"c.yaml:1:19: front.head_max: found "16KB""#),
        Refusal("front: {head_max: 100B}", #"c.yaml:1:19: front.head_max: found "100B""#),
        Refusal("front: {head_max: 9999999999GiB}", "c.yaml:1:19: front.head_max: found"),
        Refusal("front: {wait_max: none}", #"c.yaml:1:19: front.wait_max: found "none""#),
        Refusal("logs: {file_max: 1B}", #"c.yaml:1:18: logs.file_max: found "1B""#),
        Refusal("addresses: {http: localhost:80}", #"c.yaml:1:19: addresses.http: found "localhost:80""#),
        Refusal("addresses: {http: 127.0.0.1:0}", #"c.yaml:1:19: addresses.http: found "127.0.0.1:0""#),
        Refusal("addresses: {http: 127.0.0.1:65536}", #"c.yaml:1:19: addresses.http: found "127.0.0.1:65536""#),
        Refusal("addresses: {http: 127.0.0.1}", #"c.yaml:1:19: addresses.http: found "127.0.0.1""#),
        Refusal("ports: 9000", #"c.yaml:1:8: ports: found "9000""#),
        Refusal("ports: 9999-9000", #"c.yaml:1:8: ports: found "9999-9000""#),
        Refusal("ports: 80-90", #"c.yaml:1:8: ports: found "80-90""#),
        Refusal("ports: 9000-70000", #"c.yaml:1:8: ports: found "9000-70000""#),
    ]

    static let kinds: [Refusal] = [
        Refusal("kinds: {Bundoc: {}}", #"c.yaml:1:9: kinds.Bundoc: found "Bundoc""#),
        Refusal("kinds: {mine: {}}", "c.yaml:1:15: kinds.mine.program: found nothing"),
        Refusal("kinds: {bundoc: {scope: tenant}}", #"c.yaml:1:25: kinds.bundoc.scope: found "tenant""#),
        Refusal("kinds: {bundoc: {program: ''}}", #"c.yaml:1:27: kinds.bundoc.program: found """#),
        Refusal("kinds: {bundoc: {args: -x}}", #"c.yaml:1:24: kinds.bundoc.args: found "-x""#),
        Refusal("kinds: {bundoc: {args: [a, {b: c}]}}", "c.yaml:1:28: kinds.bundoc.args[1]: found a mapping"),
        Refusal("kinds: {bundoc: {warm: 65}}", #"c.yaml:1:24: kinds.bundoc.warm: found "65""#),
        Refusal("kinds: {bundoc: {limits: {memory: 1KiB}}}", #"c.yaml:1:35: kinds.bundoc.limits.memory: found "1KiB""#),
        Refusal("kinds: {bundoc: {limits: {cpu: 0%}}}", #"c.yaml:1:32: kinds.bundoc.limits.cpu: found "0%""#),
        Refusal("kinds: {bundoc: {limits: {cpu: 50}}}", #"c.yaml:1:32: kinds.bundoc.limits.cpu: found "50""#),
        Refusal("kinds: {bundoc: {limits: {pids: 0}}}", #"c.yaml:1:33: kinds.bundoc.limits.pids: found "0""#),
        Refusal(
            "kinds: {bundoc: {restart: {mode: always}}}", #"c.yaml:1:34: kinds.bundoc.restart.mode: found "always""#),
        Refusal(
            "kinds: {bundoc: {restart: {delay_min: 2s, delay_max: 1s}}}",
            "c.yaml:1:39: kinds.bundoc.restart.delay_min: found 2s"),
        Refusal(
            "kinds: {bundoc: {restart: {delay_min: 2m}}}", "c.yaml:1:39: kinds.bundoc.restart.delay_min: found 2m"),
        Refusal(
            "kinds: {bundoc: {environment: {BUNBASE_X: a}}}",
            #"c.yaml:1:32: kinds.bundoc.environment.BUNBASE_X: found "BUNBASE_X""#),
        Refusal(
            "kinds: {bundoc: {environment: {LISTEN_FDS: 3}}}",
            #"c.yaml:1:32: kinds.bundoc.environment.LISTEN_FDS: found "LISTEN_FDS""#),
        Refusal("kinds: {front: {settings: {A: b}}}", #"c.yaml:1:28: kinds.front.settings.A: found "A""#),
        Refusal(
            "kinds: {front: {settings: {a: \"x\\ny\"}}}", #"c.yaml:1:31: kinds.front.settings.a: found "x\#ny""#),
        Refusal("kinds: {bundoc: {sockets: {a: \"stream:a\"}}}", "c.yaml:1:27: kinds.bundoc.sockets: found sockets"),
        Refusal(
            "kinds: {front: {sockets: {a: \"public:status\"}}}",
            #"c.yaml:1:30: kinds.front.sockets.a: found "public:status""#),
        Refusal(
            "kinds: {front: {sockets: {a: \"stream:control.sock\"}}}",
            #"c.yaml:1:30: kinds.front.sockets.a: found "stream:control.sock""#),
        Refusal(
            "kinds: {front: {sockets: {a: \"stream:/\(String(repeating: "l", count: 107))\"}}}",
            #"c.yaml:1:30: kinds.front.sockets.a: found "stream:/lll"#),
        Refusal(
            "kinds: {bundoc: {settings: {cahce: 1MiB}}}",
            "c.yaml:1:29: kinds.bundoc.settings.cahce: found an unknown key, perhaps meant as cache"),
        Refusal(
            "kinds: {bunder: {settings: {value_max: 64MiB}}}",
            #"c.yaml:1:40: kinds.bunder.settings.value_max: found "64MiB""#),
        Refusal("kinds: {front: {warm: 1}}", "c.yaml:1:23: kinds.front.warm: found 1"),
        Refusal("kinds: {front: {idle_timeout: 5s}}", "c.yaml:1:31: kinds.front.idle_timeout: found 5s"),
        Refusal("kinds: {front: {handoff: true}}", "c.yaml:1:26: kinds.front.handoff: found true"),
        Refusal("kinds: {x: {program: x, handoff: true}}", "c.yaml:1:34: kinds.x.handoff: found true"),
        Refusal("kinds: {x: {program: x, warm: 2}}", "c.yaml:1:31: kinds.x.warm: found 2"),
        Refusal("kinds: {x: {program: x, settings: {a: b}}}", "c.yaml:1:35: kinds.x.settings: found settings"),
    ]

    static let together: [Refusal] = [
        Refusal("addresses: {resp: 127.0.0.1:8090}", "c.yaml:1:19: addresses.resp: found 127.0.0.1:8090"),
        Refusal("addresses: {resp: 0.0.0.0:8090}", "c.yaml:1:19: addresses.resp: found 0.0.0.0:8090"),
        Refusal("addresses: {status: 127.0.0.1:9500}", "c.yaml:1:21: addresses.status: found 127.0.0.1:9500"),
        Refusal("addresses: {http: 0.0.0.0:9000}", "c.yaml:1:19: addresses.http: found 0.0.0.0:9000"),
        Refusal("addresses: {status: 0.0.0.0:8091}", "c.yaml:1:21: addresses.status: found 0.0.0.0:8091"),
        Refusal("ports: 8000-8090", "c.yaml:1:1: addresses.http: found 127.0.0.1:8090"),
        Refusal(
            "kinds: {x: {scope: service, program: x, idle_timeout: none, sockets: {a: tcp:127.0.0.1:8091}}}",
            "c.yaml:1:74: kinds.x.sockets.a: found 127.0.0.1:8091"),
        Refusal(
            "kinds: {bundoc: {needs: [bundor]}, bunder: {}}",
            "c.yaml:1:26: kinds.bundoc.needs[0]: found the unknown kind bundor, perhaps meant as bunder"),
        Refusal(
            "kinds: {bundoc: {needs: [bundoc]}}",
            "c.yaml:1:26: kinds.bundoc.needs[0]: found a circle: bundoc needs bundoc"),
        Refusal(
            "kinds: {bundoc: {needs: [front, bunder]}, bunder: {needs: [bundoc]}, front: {}}",
            "c.yaml:1:33: kinds.bundoc.needs[1]: found a circle: bundoc needs bunder needs bundoc",
            "c.yaml:1:60: kinds.bunder.needs[0]: found a circle: bunder needs bundoc needs bunder"),
        Refusal(
            "kinds: {front: {needs: [bundoc]}, bundoc: {}}",
            "c.yaml:1:25: kinds.front.needs[0]: found bundoc, one for each project"),
    ]

    static let routes: [Refusal] = [
        Refusal("routes: {}", "c.yaml:1:9: routes: found a mapping"),
        Refusal("routes: [x]", #"c.yaml:1:10: routes[0]: found "x""#),
        Refusal("routes: [{prefix: /a, kind: bundoc, rewrite: /}]", #"c.yaml:1:19: routes[0].prefix: found "/a""#),
        Refusal("routes: [{prefix: a/, kind: bundoc, rewrite: /}]", #"c.yaml:1:19: routes[0].prefix: found "a/""#),
        Refusal("routes: [{prefix: //, kind: bundoc, rewrite: /}]", #"c.yaml:1:19: routes[0].prefix: found "//""#),
        Refusal(
            "routes: [{prefix: /a/../, kind: bundoc, rewrite: /}]", #"c.yaml:1:19: routes[0].prefix: found "/a/../""#),
        Refusal("routes: [{prefix: /a?/, kind: bundoc, rewrite: /}]", #"c.yaml:1:19: routes[0].prefix: found "/a?/""#),
        Refusal(
            "routes: [{prefix: /a/, kind: bundoc, rewrite: '/{tenant}/'}]",
            #"c.yaml:1:47: routes[0].rewrite: found "/{tenant}/""#),
        Refusal(
            "routes: [{prefix: /a/, kind: nobody, rewrite: /}]", #"c.yaml:1:30: routes[0].kind: found "nobody""#),
        Refusal("routes: [{prefix: /a/, kind: front, rewrite: /}]", #"c.yaml:1:30: routes[0].kind: found "front""#),
        Refusal(
            "routes:\n- {prefix: /a/, kind: bundoc, rewrite: /}\n- {prefix: /a/, kind: bunder, rewrite: /}",
            #"c.yaml:3:12: routes[1].prefix: found "/a/""#),
        Refusal(
            "routes: [{prefix: /a/, kind: bundoc, rewrite: /, timeout: 0s}]",
            #"c.yaml:1:59: routes[0].timeout: found "0s""#),
    ]

    static let texts: [Refusal] = [
        Refusal("nodes: a", "c.yaml:1:1: nodes: found an unknown key, perhaps meant as node"),
        Refusal("colour: a", "c.yaml:1:1: colour: found an unknown key;"),
        Refusal(
            "supervision:\n  start_max: 3",
            "c.yaml:2:3: supervision.start_max: found an unknown key, perhaps meant as starts_max"),
        Refusal(
            "kinds:\n  bundoc:\n    restart: {jiter: 1%}",
            "c.yaml:3:15: kinds.bundoc.restart.jiter: found an unknown key, perhaps meant as jitter"),
        Refusal(
            "routes: [{prefx: /a/, prefix: /a/, kind: bundoc, rewrite: /}]",
            "c.yaml:1:11: routes[0].prefx: found an unknown key, perhaps meant as prefix"),
        Refusal("node: a\nnode: b", "c.yaml:1:1: found the key node more than once"),
        Refusal("node: [a", "c.yaml:2:1: found did not find expected"),
        Refusal("a: b: c", "c.yaml:1:5: found mapping values are not allowed in this context"),
        Refusal("", #"BUNBASE_HTTP: found "8090""#, environment: ["BUNBASE_HTTP": "8090"]),
        Refusal("", #"BUNBASE_PORTS: found "9""#, environment: ["BUNBASE_PORTS": "9"]),
        Refusal("", "BUNBASE_STATUS: found 1.2.3.4:5", environment: ["BUNBASE_STATUS": "1.2.3.4:5"]),
        Refusal("", "BUNBASE_RESP: found 127.0.0.1:8090", environment: ["BUNBASE_RESP": "127.0.0.1:8090"]),
        Refusal(
            "node: A\nfront:\n  linger: 1\nsupervision: {starts_max: 0}", "BUNBASE_HTTP: found", "c.yaml:1:7: node:",
            "c.yaml:3:11: front.linger:", "c.yaml:4:27: supervision.starts_max:", environment: ["BUNBASE_HTTP": "x"]),
    ]

    @Test(arguments: values + kinds + together + routes + texts)
    func `refuses a bad file with place, key and what was found`(refusal: Refusal) throws {
        let error = try #require(throws: ConfigError.self) {
            try ClusterFileTests.parse(refusal.text, environment: refusal.environment, path: "c.yaml")
        }
        let lines = error.problems.map(\.description)
        #expect(lines.count == refusal.problems.count, "\(error)")
        for (line, problem) in zip(lines, refusal.problems) {
            #expect(line.hasPrefix(problem), "\(line)")
        }
    }

    @Test func `says what is allowed`() throws {
        let error = try #require(throws: ConfigError.self) {
            try ClusterFileTests.parse("kinds: {bundoc: {watchdog: 1}}", path: "c.yaml")
        }
        #expect(
            error.description
                == "c.yaml:1:28: kinds.bundoc.watchdog: found \"1\"; allowed: a duration like 250ms, 10s or 5m "
                + "(ms, s, m, h) from 100ms to 10m, or none"
        )
    }
}
