import JSON
import Testing
import Trial

extension SystemdTests {
    struct LifeTests {
        let box: Box

        init() throws {
            box = try Box()
            try box.start()
        }

        @Test func `is up when the target is, and says in figures how it is`() throws {
            try box.stop()
            try box.run("systemctl start bunbase.target")
            // Ready means ready: no waiting behind it.
            #expect(try box.run("bunbase status").hasPrefix("ready"))
            #expect(try box.property("ActiveState") == "active")
            let project = try box.project("counted")
            #expect(try box.client(project).put("/v1/kv/kv/a", "1").status == 200)
            try box.until("figures in the status") {
                let text = try box.property("StatusText")
                return text.hasPrefix("ready: ") && text.hasSuffix("projects awake, 2 services, 1 front")
                    && !text.hasPrefix("ready: 0 ")
            }
        }

        @Test func `keeps each process in a leaf of the delegated group, within its limits`() throws {
            let project = try box.project("limited")
            #expect(try box.client(project).put("/v1/kv/kv/a", "1").status == 200)
            let pid = try #require(try box.pids()["\(project.id)/bunder"])
            let groups = try box.run("cat /proc/\(pid)/cgroup")
            #expect(groups.contains("0::/bunbase.slice/bunbase-processes.service/bunbase-"))
            #expect(
                try box.run("cat /proc/$(systemctl show -P MainPID bunbase-supervisor)/cgroup")
                    .contains("0::/bunbase.slice/bunbase-supervisor.service"))
            // The controllers' hierarchies of version 1, or the unified one.
            let limit = try box.run(
                """
                path=$(grep -E ':memory:|^0::' /proc/\(pid)/cgroup | head -1 | cut -d: -f3)
                cat /sys/fs/cgroup/memory$path/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup$path/memory.max
                """)
            #expect(limit == "\(512 << 20)")
        }

        @Test func `finds a project's lines in the journal by its id, its own and the supervisor's`() throws {
            let project = try box.project("journal")
            #expect(try box.client(project).put("/v1/kv/kv/a", "1").status == 200)
            let pid = try #require(try box.pids()["\(project.id)/bunder"])
            try box.run("kill -SEGV \(pid)")
            try box.until("the crash in the journal") {
                let all = try box.run("journalctl --no-pager -o cat BUNBASE_PROJECT=\(project.id)")
                return all.contains("instance crashed")
            }
            let kinds = try box.run(
                "journalctl --no-pager -o json BUNBASE_PROJECT=\(project.id) BUNBASE_KIND=bunder"
                    + " | jq -r .BUNBASE_INCARNATION"
            )
            #expect(!kinds.isEmpty)
            #expect(try box.attempt("journalctl --no-pager -o cat -q BUNBASE_PROJECT=nobody").output == "")
        }

        @Test func `keeps listeners, channels and pidfds with systemd`() throws {
            let project = try box.project("stored")
            let before = try #require(Int(try box.property("NFileDescriptorStore")))
            #expect(try box.client(project).put("/v1/kv/kv/a", "1").status == 200)
            // Port, socket, hand-over; control, output, notify, pidfd. A warm process had four of them before.
            try box.until("seven more descriptors") {
                try #require(Int(try box.property("NFileDescriptorStore"))) >= before + 7
            }
            try box.run("bunbase instances stop \(project.slug) bunder")
            try box.until("as many as before") {
                try #require(Int(try box.property("NFileDescriptorStore"))) <= before
            }
        }

        @Test func `stops in order, leaves nothing, and comes back with its data`() throws {
            let project = try box.project("kept")
            #expect(try box.client(project).put("/v1/kv/kv/a", "stays").status == 200)
            let pids = try box.pids()
            try box.stop()
            for unit in ["bunbase-supervisor.service", "bunbase-processes.service", "bunbase-http.socket"] {
                #expect(try box.property("ActiveState", of: unit) == "inactive")
            }
            for (name, pid) in pids { #expect(try box.attempt("kill -0 \(pid)").code != 0, "\(name) lives") }
            let said = try box.run("journalctl --no-pager -o cat -n 100")
            #expect(said.contains("cluster shutting down"))
            #expect(!said.contains("instance did not stop in time"))
            try box.start()
            #expect(try box.client(project).get("/v1/kv/kv/a").text == "stays")
        }

        @Test func `stays down after bunbase down, until it is started`() throws {
            try box.run("bunbase down")
            try box.until("its end") { try box.property("ActiveState") == "inactive" }
            #expect(try box.property("Result") == "success")
            try box.start()
        }

        @Test func `serves TLS with a key that nobody but root may read`() throws {
            let project = try box.project("tls")
            defer {
                _ = try? box.run(
                    "mv /tmp/plain.yaml /etc/bunbase/cluster.yaml; systemctl restart bunbase-supervisor")
            }
            try box.run(
                """
                mkdir -p -m 0700 /etc/bunbase/tls
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
                    -addext subjectAltName=DNS:localhost -keyout /etc/bunbase/tls/key.pem \
                    -out /etc/bunbase/tls/chain.pem
                chmod 0400 /etc/bunbase/tls/*
                cp /etc/bunbase/cluster.yaml /tmp/plain.yaml
                sed -i 's|^addresses:|&\\n  https: 127.0.0.1:18443|' /etc/bunbase/cluster.yaml
                echo 'tls: {certificates: [{chain: /etc/bunbase/tls/chain.pem, key: /etc/bunbase/tls/key.pem}]}' \
                    >> /etc/bunbase/cluster.yaml
                bunbase config check /etc/bunbase/cluster.yaml
                systemctl restart bunbase-supervisor; bunbase services restart front
                """)
            let url = "https://localhost:18443/v1/kv/kv/a"
            let curl = "curl -sS --cacert /etc/bunbase/tls/chain.pem -H 'X-Bunbase-Client-Key: \(project.key)' \(url)"
            try box.until("an answer over TLS") { try box.attempt("\(curl) -X PUT -d 1").code == 0 }
            #expect(try box.run(curl) == "1")
        }

        @Test func `takes a good cluster file over and refuses a bad one, while everything goes on`() throws {
            defer {
                _ = try? box.run("mv /tmp/good.yaml /etc/bunbase/cluster.yaml; systemctl reload bunbase-supervisor")
            }
            try box.run("cp /etc/bunbase/cluster.yaml /tmp/good.yaml; echo 'portz: 1' >> /etc/bunbase/cluster.yaml")
            let (code, _) = try box.attempt("systemctl reload bunbase-supervisor")
            #expect(code != 0)
            #expect(try box.run("journalctl --no-pager -o cat -n 20").contains("portz"))
            #expect(try box.property("ActiveState") == "active")
            try box.run("cp /tmp/good.yaml /etc/bunbase/cluster.yaml; systemctl reload bunbase-supervisor")
            #expect(try box.status()["configuration"]?["error"] == .null)
        }
    }
}
