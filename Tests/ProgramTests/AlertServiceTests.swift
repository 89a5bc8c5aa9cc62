import Foundation
import Glibc
import JSON
import TLSSupport
import Testing
import Trial

/// The real service against a supervisor that is played: what is told leaves by webhook and by command, once.
@Suite(.serialized)
struct AlertServiceTests {
    /// A cluster with a kind that crashes at every start, and a command that writes down what it is told.
    private func cluster(_ alerts: String) throws -> TrialCluster {
        try TrialCluster(
            clusterFile: { home in
                """
                kinds:
                  bad: {program: /bin/false, control: false, restart: {intensity: 2, delay_min: 50ms, delay_max: 1s}}
                  platform: {}
                  front: {}
                alerts: \(alerts.replacingOccurrences(of: "HOME", with: home))

                """
            })
    }

    /// What it writes lies in the service's data directory, where it begins: nothing else is its user's.
    private func script(_ text: String, in cluster: TrialCluster) throws {
        let path = cluster.home + "/tell"
        try ("#!/bin/sh\n" + text + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// A line at once: the service may be killed at any moment, and its command with it.
    private static let tell = "line=$(cat); echo \"$line\" >> told"

    private func data(_ cluster: TrialCluster) -> String { cluster.home + "/data/alerts" }

    private func told(_ cluster: TrialCluster) -> [JSONValue] {
        let text = (try? String(contentsOfFile: data(cluster) + "/told", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
    }

    private func words(_ notices: [JSONValue]) -> [String] {
        notices.map { "\($0["state"]?.string ?? "") \($0["alert"]?.string ?? "")" }
    }

    private func eventually(_ cluster: TrialCluster, _ holds: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(20)
        while try !holds() {
            try #require(ContinuousClock.now < end, "the awaited did not happen")
            _ = try? cluster.status()
        }
    }

    private func raise(_ cluster: TrialCluster, _ text: String?) throws {
        let over = #"{"alert":"backup.failed","subject":"demo"}"#
        let body = text.map { #"{"alert":"backup.failed","subject":"demo","text":"\#($0)"}"# } ?? over
        #expect(try exchange(cluster.control, "POST", "/alerts", body: Array(body.utf8)).status == 204)
    }

    @Test func `a quarantine and a failed backup reach the command once, and their end too`() throws {
        let cluster = try cluster("{command: [./tell], pause: 1s}")
        defer { cluster.stop() }
        try script(Self.tell, in: cluster)
        let project = try cluster.createProject("p")
        _ = try? exchange(cluster.control, "POST", "/instances/\(project.id)/bad/start", patience: .seconds(5))
        for _ in 0..<5 { try raise(cluster, "the disk was full") }
        try eventually(cluster) { told(cluster).count >= 3 }
        let quarantine = told(cluster).first { $0["alert"]?.string == "instance.quarantined" }
        #expect(quarantine?["subject"]?.string == "\(project.id)/bad")
        #expect(quarantine?["node"]?.string == "local")
        #expect(quarantine?["text"]?.string?.contains("quarantine") == true)
        try raise(cluster, nil)
        try cluster.command("stop", project, "bad")
        try eventually(cluster) { told(cluster).count { $0["state"]?.string == "resolved" } >= 2 }
        let count = words(told(cluster)).count { $0 == "raised backup.failed" }
        #expect(count == 1)
    }

    @Test func `what a command could not take is told again, and in order`() throws {
        let cluster = try cluster("{command: [./tell], pause: 1s}")
        defer { cluster.stop() }
        // The first two attempts fail.
        try script(
            """
            cat >> tried; n=$(wc -c < count 2>/dev/null || echo 0); printf x >> count
            [ "$n" -ge 2 ] || exit 1
            echo "{\\"alert\\":\\"$BUNBASE_ALERT\\",\\"state\\":\\"$BUNBASE_ALERT_STATE\\"}" >> told
            """, in: cluster)
        try raise(cluster, "no room")
        try eventually(cluster) { words(told(cluster)) == ["raised backup.failed"] }
        let attempts = try String(contentsOfFile: data(cluster) + "/count", encoding: .utf8).count
        #expect(attempts == 3)
    }

    /// Its user, not root, and no right beyond that user's: what a webhook's sender is talked into, it can do no more.
    @Test func `the command has the service's user and no capability`() throws {
        let cluster = try cluster("{command: [./tell]}")
        defer { cluster.stop() }
        try script("cat > /dev/null; id -u > user; cat /proc/self/status > new; mv new facts", in: cluster)
        try raise(cluster, "no room")
        try eventually(cluster) { FileManager.default.fileExists(atPath: data(cluster) + "/facts") }
        let user = try String(contentsOfFile: data(cluster) + "/user", encoding: .utf8)
        let service = try #require(try cluster.pid(service: "alerts"))
        #expect(ProcessFacts(service).text("status")?.contains("Uid:\t" + user.dropLast()) == true)
        // Who is not root has but one user.
        guard getuid() == 0 else { return }
        #expect(user != "0\n")
        let facts = try String(contentsOfFile: data(cluster) + "/facts", encoding: .utf8)
        #expect(facts.contains("CapEff:\t0000000000000000") && facts.contains("NoNewPrivs:\t1"))
        #expect(facts.contains("Seccomp:\t2"))
    }

    @Test func `a webhook is posted to with the authorization of its file`() throws {
        let hook = try Hook()
        let cluster = try cluster(
            "{webhook: \"http://127.0.0.1:\(hook.port)/hook?a=b\", authorization_file: HOME/secret, timeout: 5s}")
        defer { cluster.stop() }
        try "Bearer abc\n".write(toFile: cluster.home + "/secret", atomically: true, encoding: .utf8)
        try raise(cluster, "no room")
        let request = try hook.next(answering: 503)
        #expect(request.hasPrefix("POST /hook?a=b HTTP/1.1\r\n"))
        #expect(request.contains("\r\nAuthorization: Bearer abc\r\n"))
        #expect(request.contains(#""alert":"backup.failed""#))
        // 503 is worth another attempt, 404 is not.
        #expect(try hook.next(answering: 404).contains(#""alert":"backup.failed""#))
        try raise(cluster, nil)
        #expect(!cluster.log.contains("Bearer"))
    }

    @Test func `a restarted service tells nothing twice`() throws {
        let cluster = try cluster("{command: [./tell]}")
        defer { cluster.stop() }
        try script(Self.tell, in: cluster)
        try raise(cluster, "no room")
        try eventually(cluster) { told(cluster).count == 1 }
        let old = try #require(try cluster.pid(service: "alerts"))
        kill(old, SIGKILL)
        try cluster.wait(for: "a new service") {
            let now = try cluster.pid(service: "alerts")
            return try now != nil && now != old && cluster.status()["state"]?.string == "ready"
        }
        try raise(cluster, "no room")
        let other = #"{"alert":"custom.one","subject":"demo","text":"other"}"#
        #expect(try exchange(cluster.control, "POST", "/alerts", body: Array(other.utf8)).status == 204)
        try eventually(cluster) { told(cluster).count >= 2 }
        #expect(words(told(cluster)) == ["raised backup.failed", "raised custom.one"])
    }

    @Test func `what is raised while the service is away is told when it is back`() throws {
        let cluster = try cluster("{command: [./tell]}")
        defer { cluster.stop() }
        try script(Self.tell, in: cluster)
        try raise(cluster, "no room")
        try eventually(cluster) { told(cluster).count == 1 }
        kill(try #require(try cluster.pid(service: "alerts")), SIGKILL)
        let other = #"{"alert":"custom.one","subject":"demo","text":"other"}"#
        #expect(try exchange(cluster.control, "POST", "/alerts", body: Array(other.utf8)).status == 204)
        try eventually(cluster) { told(cluster).count >= 2 }
        #expect(words(told(cluster)) == ["raised backup.failed", "raised custom.one"])
    }

    @Test func `a certificate that is about to expire is told of, and its renewal too`() throws {
        let certificate = try TestCertificate(["demo.example"], days: 5)
        for path in [certificate.directory.path, certificate.chain, certificate.key] { chmod(path, 0o755) }
        let cluster = try TrialCluster(
            clusterFile: { _ in
                """
                addresses: {https: "127.0.0.1:\(UInt16.random(in: 9_000...9_900))"}
                tls: {certificates: [{chain: \(certificate.chain), key: \(certificate.key)}]}
                alerts: {command: [./tell], pause: 1s}

                """
            })
        defer { cluster.stop() }
        try script(Self.tell, in: cluster)
        try eventually(cluster) { told(cluster).count == 1 }
        #expect(words(told(cluster)) == ["raised certificate.expires"])
        #expect(told(cluster)[0]["subject"]?.string == "demo.example")
        #expect(told(cluster)[0]["text"]?.string?.contains("demo.example expires in") == true)
        try certificate.renew(["demo.example"], days: 90)
        for path in [certificate.chain, certificate.key] { chmod(path, 0o755) }
        #expect(try cluster.run(["reload"]).code == 0)
        try eventually(cluster) { told(cluster).count == 2 }
        #expect(words(told(cluster)).last == "resolved certificate.expires")
    }

    @Test func `an alert without its parts is refused`() throws {
        let cluster = try cluster("{command: [/bin/true]}")
        defer { cluster.stop() }
        for body in ["{}", #"{"alert":"A b","subject":"x","text":"y"}"#, #"{"alert":"a","subject":"","text":"y"}"#] {
            let answer = try exchange(cluster.control, "POST", "/alerts", body: Array(body.utf8))
            #expect(answer.status == 400)
            #expect(answer.json["code"]?.string == "alert.malformed")
        }
    }
}
