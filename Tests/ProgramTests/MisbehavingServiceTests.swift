import Foundation
import Glibc
import JSON
import Testing
import Trial

/// A shared service that cannot be kept up is tried again and again, costs no project anything, and heals.
@Suite(.serialized)
struct MisbehavingServiceTests {
    @Test(arguments: ["exit0", "crash", "never"])
    func `a service that does not come up again harms nobody and heals`(start: String) throws {
        let cluster = try TrialCluster(
            clusterFile: """
                kinds:
                  misbehaver:
                    scope: service
                    idle_timeout: none
                    program: \(TrialCluster.programsBesideMe)/trial-misbehaver
                    control: true
                    start_timeout: 1s
                    restart: {delay_min: 100ms, delay_max: 1s, intensity: 2}
                  bunder: {}
                  platform: {}
                  front: {}
                routes:
                  - {prefix: /v1/kv/, kind: bunder, rewrite: "/kv/{project}/"}

                """)
        defer { cluster.stop() }
        let neighbour = try Neighbour(cluster)
        let old = try #require(try cluster.pid(service: "misbehaver"))
        let file = cluster.home + "/data/misbehaver/start"
        try start.write(toFile: file, atomically: true, encoding: .utf8)
        kill(old, SIGKILL)
        try cluster.wait(for: "several attempts") { (try service(cluster)?["restarts"]?.int ?? 0) >= 4 }
        #expect(try service(cluster)?["observed"]?.string != "serving")
        try FileManager.default.removeItem(atPath: file)
        try cluster.wait(for: "its recovery") { try service(cluster)?["observed"]?.string == "serving" }
        #expect(neighbour.failures == [])
    }

    private func service(_ cluster: TrialCluster) throws -> JSONValue? {
        try cluster.status()["services"]?.array?.first { $0["kind"]?.string == "misbehaver" }
    }
}
