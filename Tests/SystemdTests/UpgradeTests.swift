import Foundation
import JSON
import Testing
import Trial

extension SystemdTests {
    struct UpgradeTests {
        let box: Box

        init() throws {
            box = try Box()
            try box.start()
        }

        private func isEverythingNew() throws -> Bool {
            try box.run("bunbase upgrade") == "Everything runs the installed programs."
        }

        @Test func `no request fails while new programs are installed and everything moves to them`() throws {
            let projects = try (0..<2).map { try box.project("moving\($0)") }
            let traffic = try Traffic(projects.map { box.client($0) })
            let (before, restarts) = (try box.pids(), try box.restarts())
            try box.run("scripts/install --programs $(dirname $(readlink -f .build/debug/bunbase))")
            traffic.advance(100)
            // Installed, and the supervisor is another; the rest is as it was.
            #expect(try box.pids() == before)
            #expect(try !isEverythingNew())
            #expect(try box.run("bunbase status").contains("older program"))
            let said = try box.run("bunbase upgrade --rolling")
            traffic.advance(100)
            #expect(traffic.failures == [])
            #expect(said.contains("\(projects[0].id)/bunder moved in "))
            #expect(said.split(separator: "\n").dropLast().last?.contains("front moved in ") == true)
            #expect(try isEverythingNew())
            let after = try box.pids()
            #expect(Set(after.keys) == Set(before.keys))
            for (name, pid) in before { #expect(after[name] != pid, "\(name) did not move") }
            #expect(try box.restarts() == restarts, "a move counts as a crash")
        }

        @Test func `stops at the first that does not become ready, and goes back when the old programs are`() throws {
            let projects = try (0..<2).map { try box.project("broken\($0)") }.sorted { $0.id < $1.id }
            for project in projects { #expect(try box.client(project).put("/v1/kv/kv/a", "1").status == 200) }
            let before = try box.pids()
            defer { _ = try? box.run("[ ! -e /tmp/bunder ] || mv /tmp/bunder /usr/lib/bunbase/bunder") }
            try box.run(
                """
                cp -p /usr/lib/bunbase/bunder /tmp/bunder
                cp /bin/false /usr/lib/bunbase/bunder.new; mv /usr/lib/bunbase/bunder.new /usr/lib/bunbase/bunder
                """)
            let (code, said) = try box.attempt("bunbase upgrade --rolling")
            #expect(code == 1)
            #expect(said.contains("/bunder did not become ready with the installed program"))
            #expect(said.contains("To go back, install the programs of before"))
            let stopped = try box.pids()
            let gone = before.keys.filter { stopped[$0] != before[$0] }
            #expect(gone.count == 1, "one instance at most is touched: \(gone)")
            let untouched = try #require(projects.first { !gone.contains("\($0.id)/bunder") })
            #expect(try box.client(untouched).get("/v1/kv/kv/a").text == "1")

            try box.run(
                "cp -p /tmp/bunder /usr/lib/bunbase/bunder.new; mv /usr/lib/bunbase/bunder.new /usr/lib/bunbase/bunder")
            try box.run("bunbase upgrade --rolling")
            for project in projects {
                try box.run("bunbase instances clear \(project.slug) bunder")
                try box.until("its data") { try box.client(project).get("/v1/kv/kv/a").text == "1" }
            }
            #expect(try isEverythingNew())
        }

        @Test func `a project that sleeps wakes as the new program`() throws {
            let project = try box.project("asleep")
            #expect(try box.client(project).put("/v1/kv/kv/a", "1").status == 200)
            try box.run("bunbase instances drain \(project.slug) bunder")
            try box.run(
                "cp -p /usr/lib/bunbase/bunder /usr/lib/bunbase/b; mv /usr/lib/bunbase/b /usr/lib/bunbase/bunder")
            // One process of the old program stands ready to become a project's.
            #expect(try box.status()["warm_processes_outdated"]?.int == 1)
            try box.run("bunbase upgrade --rolling")
            #expect(try box.status()["warm_processes_outdated"]?.int == 0)
            #expect(try box.client(project).get("/v1/kv/kv/a").text == "1")
            #expect(try isEverythingNew())
        }
    }
}
