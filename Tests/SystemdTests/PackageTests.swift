import Testing
import Trial

extension SystemdTests {
    /// The Debian package in the place of what `scripts/install` installed. Comes last: it removes everything.
    struct PackageTests {
        let box: Box

        init() throws { box = try Box() }

        @Test func `installs, upgrades under traffic and is removed, and the data stays`() throws {
            try box.run("cp /etc/bunbase/cluster.yaml /tmp/mine.yaml; scripts/uninstall")
            #expect(
                try box.attempt("ls /usr/lib/bunbase /usr/bin/bunbase /usr/lib/systemd/system/bunbase.target").code != 0
            )
            let programs = "$(dirname $(readlink -f .build/debug/bunbase))"
            try box.run("scripts/package --programs \(programs) --version 0.1.0~test1 --output /tmp/packages")
            try box.run("scripts/package --programs \(programs) --version 0.1.0~test2 --output /tmp/packages")

            // The operator's cluster file is kept.
            try box.run(
                "DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i /tmp/packages/bunbase_0.1.0~test1_*.deb")
            #expect(try box.run("cmp /etc/bunbase/cluster.yaml /tmp/mine.yaml") == "")
            #expect(try box.property("UnitFileState", of: "bunbase.target") == "enabled")
            #expect(try box.property("ActiveState", of: "bunbase.target") == "inactive")
            try box.start()
            let project = try box.project("package")
            let client = box.client(project)
            let traffic = try Traffic([client])
            try box.run(
                "DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i /tmp/packages/bunbase_0.1.0~test2_*.deb")
            traffic.advance(50)
            try box.run("bunbase upgrade --rolling")
            traffic.advance(50)
            #expect(traffic.failures == [])
            #expect(try client.put("/v1/kv/kv/a", "stays").status == 200)

            try box.run("dpkg --purge bunbase")
            #expect(try box.attempt("pgrep -f /usr/lib/bunbase").code == 1)
            #expect(try box.attempt("systemctl cat bunbase.target").code != 0)
            try box.run("test -d /var/lib/bunbase/data/projects/\(project.id)")
            try box.run(
                """
                scripts/install --programs \(programs)
                cp /tmp/mine.yaml /etc/bunbase/cluster.yaml
                """)
            try box.start()
            #expect(try client.get("/v1/kv/kv/a").text == "stays")
        }
    }
}
