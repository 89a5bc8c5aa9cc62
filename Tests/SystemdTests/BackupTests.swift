import Foundation
import Testing
import Trial

extension SystemdTests {
    struct BackupTests {
        let box: Box

        init() throws {
            box = try Box()
            try box.start()
        }

        @Test func `the backup's unit makes one that comes back, behind its walls`() throws {
            let project = try box.project("kept")
            let client = box.client(project)
            #expect(try client.put("/v1/kv/kv/a", "1").status == 200)
            try box.run("systemctl start bunbase-backup.service")
            #expect(try box.property("Result", of: "bunbase-backup.service") == "success")
            #expect(try client.put("/v1/kv/kv/a", "2").status == 200)
            let place = "/var/lib/bunbase-backups"
            try box.run("bunbase backup verify --in \(place)")
            try box.run("bunbase backup restore $(ls \(place) | tail -n 1) \(project.id) --in \(place)")
            #expect(try client.get("/v1/kv/kv/a").text == "1")
        }

        @Test func `the timer is there, and not enabled by itself`() throws {
            #expect(try box.attempt("systemctl is-enabled bunbase-backup.timer").output == "disabled")
            try box.run("systemctl enable --now bunbase-backup.timer")
            defer { _ = try? box.run("systemctl disable --now bunbase-backup.timer") }
            #expect(try box.run("systemctl list-timers --no-legend bunbase-backup.timer") != "")
        }

        @Test func `a failed backup is a failed unit, and leaves word of it`() throws {
            defer { _ = try? box.run("rm -f /var/lib/bunbase-backups/.lock; systemctl reset-failed") }
            try box.run("mkdir -p /var/lib/bunbase-backups; rm -f /var/lib/bunbase-backups/.lock")
            try box.run("mkdir /var/lib/bunbase-backups/.lock")
            defer { _ = try? box.run("rmdir /var/lib/bunbase-backups/.lock") }
            #expect(try box.attempt("systemctl start bunbase-backup.service").code != 0)
            #expect(try box.run("bunbase status").contains("The last backup failed"))
        }
    }
}
