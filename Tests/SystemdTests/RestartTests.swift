import Testing
import Trial

extension SystemdTests {
    struct RestartTests {
        let box: Box

        init() throws {
            box = try Box()
            try box.start()
        }

        private func traffic() throws -> Traffic {
            try Traffic((0..<2).map { box.client(try box.project("busy\($0)")) })
        }

        @Test func `no request fails while the supervisor is restarted and killed`() throws {
            let traffic = try traffic()
            let (before, restarts) = (try box.pids(), try box.restarts())
            for _ in 0..<3 {
                try box.run("systemctl restart bunbase-supervisor")
                traffic.advance(50)
                try box.run("systemctl kill --kill-whom=main -s KILL bunbase-supervisor")
                traffic.advance(50)
                try box.until("its next life") { try box.attempt("bunbase status | grep -q '^ready'").code == 0 }
            }
            #expect(traffic.failures == [])
            #expect(try box.pids() == before)
            #expect(try box.restarts() == restarts)
        }

        @Test func `a supervisor that hangs is ended by the watchdog, and no request fails`() throws {
            defer {
                _ = try? box.run("rm -r /run/systemd/system/bunbase-supervisor.service.d; systemctl daemon-reload")
            }
            try box.run(
                """
                mkdir -p /run/systemd/system/bunbase-supervisor.service.d
                printf '[Service]\\nWatchdogSec=4s\\n' > /run/systemd/system/bunbase-supervisor.service.d/test.conf
                systemctl daemon-reload; systemctl restart bunbase-supervisor
                """)
            let traffic = try traffic()
            let first = try box.property("MainPID")
            try box.run("kill -STOP \(first)")
            try box.until("another supervisor") {
                try box.property("MainPID") != first && box.property("ActiveState") == "active"
            }
            traffic.advance(50)
            #expect(traffic.failures == [])
            #expect(try box.run("journalctl --no-pager -o cat -n 200").contains("Watchdog timeout"))
        }

        @Test func `projects run on over a supervisor that does not come up, and are adopted when it does`() throws {
            defer { _ = try? box.run("[ -e /tmp/good.yaml ] && mv /tmp/good.yaml /etc/bunbase/cluster.yaml") }
            let traffic = try traffic()
            let before = try box.pids()
            try box.run("cp /etc/bunbase/cluster.yaml /tmp/good.yaml; echo 'portz: 1' >> /etc/bunbase/cluster.yaml")
            #expect(try box.attempt("systemctl restart bunbase-supervisor").code != 0)
            traffic.advance(100)
            try box.run("mv /tmp/good.yaml /etc/bunbase/cluster.yaml")
            try box.until("a supervisor that comes back by itself") { try box.property("ActiveState") == "active" }
            traffic.advance(50)
            #expect(traffic.failures == [])
            #expect(try box.pids() == before)
        }

        @Test func `a crashed instance and a crashed front come back as ever after an adoption`() throws {
            let project = try box.project("crash")
            let client = box.client(project)
            #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
            try box.run("systemctl restart bunbase-supervisor")
            let pids = try box.pids()
            for name in ["\(project.id)/bunder", "@shared/front"] {
                try box.run("kill -9 \(try #require(pids[name]))")
                #expect(try client.get("/v1/kv/kv/a").text == "1")
                #expect(try box.pids()[name] != pids[name])
            }
        }
    }
}
