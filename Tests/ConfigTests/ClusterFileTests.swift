import Config
import Contracts
import Foundation
import Nouns
import Supervision
import Testing

struct ClusterFileTests {
    static func parse(
        _ text: String, environment: [String: String] = [:], path: String = "/srv/cluster.yaml"
    ) throws(ConfigError) -> ClusterFile {
        try ClusterFile.parse(text, path: path, environment: environment, programDirectory: "/opt/bin")
    }

    @Test func `runs the standard kinds and routes when the file is empty`() throws {
        let file = try Self.parse("")
        #expect(file.supervision.kinds.keys.sorted() == [.bunder, .bundoc, .front, .platform])
        #expect(file.services == [.front, .platform])
        #expect(file.programs[.bundoc]?.program == "/opt/bin/bundoc")
        #expect(file.programs[.bunder]?.takesHandOff == true)
        #expect(file.routes.map(\.prefix) == ["/v1/database/", "/v1/kv/"])
        #expect(file.home.directory == "/srv/.bunbase")
        #expect(file.supervision.ports == 9000...9999)
        #expect(
            file.programs[.front]?.sockets
                == [
                    "http": .inherited("http"), "resp": .inherited("resp"),
                    "metrics": .stream("/srv/.bunbase/run/front-metrics.sock"),
                ])
        #expect(
            file.programs[.platform]?.sockets
                == [
                    "platform": .stream("/srv/.bunbase/run/platform.sock"),
                    "keys": .packets("/srv/.bunbase/run/keys.sock"),
                ])
        #expect(
            file.programs[.front]?.settings["keys_snapshot"] == "/srv/.bunbase/data/platform/keys.table")
    }

    @Test func `reads every kind of value`() throws {
        let file = try Self.parse(
            """
            node: a1
            home: /var/lib/x/../bunbase/
            addresses: {http: "[::1]:80", resp: 10.0.0.1:9000}
            supervision: {starts_max: 3, port_retry: 5m}
            front: {head_max: 64KiB, linger: 250ms}
            logs: {directory: /var/log/bunbase, files_kept: 0}
            kinds:
              redis:
                program: ./redis-server
                args: [--port, "0"]
                environment: {LANG: C}
                idle_timeout: none
                watchdog: 3s
                needs: [vault]
                limits: {memory: 1GiB, cpu: 50%, pids: none, files: 64, file_size: 2MiB}
                restart: {mode: transient, delay_min: 1s, delay_max: 1s, factor: 1, jitter: 0%, period: 1h}
              vault:
                scope: service
                program: vault
                control: true
                idle_timeout: none
                sockets: {api: tcp:127.0.0.1:8200, keys: packets:/run/vault.sock}
                settings: {body_max: 64KiB, wait: 2s, colour: blue}
            routes:
              - {prefix: /a/, kind: redis, rewrite: /}
              - {prefix: /a/b/, kind: redis, rewrite: "/x/{project}/", body_max: 0B, timeout: 1h}
            """)
        #expect(file.node == "a1")
        #expect(file.home.directory == "/var/lib/bunbase")
        #expect(file.http.description == "[::1]:80")
        #expect(file.supervision.startsMax == 3)
        #expect(file.supervision.portRetry == .seconds(300))
        #expect(file.front.headMax == 65_536)
        #expect(file.front.linger == .milliseconds(250))
        #expect(file.logs.directory == "/var/log/bunbase")
        let kind = try #require(Kind("redis"))
        let settings = try #require(file.supervision.kinds[kind])
        let program = try #require(file.programs[kind])
        #expect(program.program == "/srv/./redis-server")
        #expect(program.arguments == ["--port", "0"])
        #expect(program.hasControl == false)
        #expect(program.limits.memory == 1 << 30)
        #expect(program.limits.cpuPercent == 50)
        #expect(program.limits.pids == nil)
        #expect(program.limits.fileSize == 2 << 20)
        #expect(settings.idleTimeout == nil)
        #expect(settings.watchdog == .seconds(3))
        #expect(settings.needs == [Kind("vault")!])
        #expect(settings.restart.mode == .transient)
        #expect(settings.restart.period == .seconds(3600))
        let vault = try #require(file.programs[Kind("vault")!])
        #expect(vault.sockets == ["api": .tcp(Address("127.0.0.1:8200")!), "keys": .packets("/run/vault.sock")])
        #expect(vault.settings == ["body_max": "65536", "wait": "2000", "colour": "blue"])
        #expect(file.routes.map(\.prefix) == ["/a/b/", "/a/"])
        #expect(file.routes[0].bodyMax == 0)
        #expect(file.routes[1].bodyMax == 16 << 20)
    }

    @Test func `lets the environment win over the file`() throws {
        let environment = [
            "BUNBASE_HOME": "/tmp/home", "BUNBASE_HTTP": "127.0.0.1:1", "BUNBASE_RESP": "127.0.0.1:2",
            "BUNBASE_STATUS": "127.0.0.1:3", "BUNBASE_PORTS": "2000-2001",
        ]
        let file = try Self.parse("{home: /else, ports: 3000-3001}", environment: environment)
        #expect(file.home.directory == "/tmp/home")
        #expect([file.http.port, file.resp.port, file.status.port] == [1, 2, 3])
        #expect(file.supervision.ports == 2000...2001)
    }

    @Test func `takes an empty variable for an unset one`() throws {
        #expect(try Self.parse("", environment: ["BUNBASE_HTTP": ""]).http.port == 8090)
    }

    @Test func `puts the sockets of a deep home into a short directory of its own`() throws {
        let deep = "/" + String(repeating: "d", count: 80)
        let run = Home(deep).run.directory
        #expect(run.hasPrefix("/tmp/bunbase-\(getuid())-"))
        #expect(run != Home(deep + "e").run.directory)
        #expect(Home("/short").run.directory == "/short/run")
        let longest = "/" + String(repeating: "d", count: 65)
        #expect(Home(longest).run.directory == longest + "/run")
        #expect(Home(longest + "d").run.directory != longest + "d/run")
    }

    @Test func `says that a missing file cannot be read`() {
        let error = #expect(throws: ConfigError.self) {
            try ClusterFile.load(path: "/nowhere/c.yaml", environment: [:], programDirectory: "/")
        }
        #expect(error?.description.hasPrefix("/nowhere/c.yaml:1:1: found a file that cannot be read (") == true)
    }

    @Test func `names the keys that a reload cannot change`() throws {
        let old = try Self.parse("{kinds: {front: {}, bundoc: {}}}")
        let new = try Self.parse(
            """
            home: /else
            addresses: {http: 127.0.0.1:1}
            ports: 7000-7001
            logs: {directory: /else/logs}
            kinds: {front: {sockets: {http: "public:http"}}, bundoc: {warm: 0}, bunder: {}}
            """)
        #expect(
            old.keysNeedingRestart(changingTo: new)
                == ["home", "addresses.http", "logs.directory", "kinds.front.sockets"])
        #expect(old.keysNeedingRestart(changingTo: old).isEmpty)
    }

    @Test func `alerts with somewhere to go are a service, without they are none`() throws {
        let file = try Self.parse(
            "alerts: {webhook: 'https://a.example/hook?k=v', command: [./tell, now], repeat: 2h, authorization_file: s}"
        )
        #expect(file.services == [.alerts, .front, .platform])
        #expect(file.programs[.alerts]?.program == "/opt/bin/bunbase-alerts")
        let settings = try #require(file.programs[.alerts]?.settings)
        #expect(settings["webhook"] == "https://a.example/hook?k=v")
        #expect(settings["command"] == #"["/srv/./tell","now"]"#)
        #expect(settings["repeat"] == "7200000")
        #expect(settings["authorization_file"] == "/srv/s")
        #expect(settings["home"] == "/srv/.bunbase")
        #expect(try Self.parse("alerts: {pause: 2m}").programs[.alerts] == nil)
        #expect(try Self.parse("{kinds: {bunder: {}}, alerts: {command: [/bin/x]}}").services == [.alerts])
    }

    @Test(arguments: ["ftp://a/b", "https://", "https://user:secret@a/b", "a.example", "https://a/b#c", "https://a b"])
    func `a webhook is an address of the web, without a password`(text: String) {
        #expect(throws: ConfigError.self) { try Self.parse("alerts: {webhook: '\(text)'}") }
    }
}
