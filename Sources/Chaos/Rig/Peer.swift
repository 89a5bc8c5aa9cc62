import ChaosPlan
import Foundation
import Trial

/// A small cluster beside the disturbed one that nothing is done to: what becomes slower there, the machine made
/// slower.
///
/// The same programs, the same kinds of requests, the same disks and processors, at the same moments.
final class Peer {
    private static let projectCount = 3

    private let cluster: TrialCluster
    private let projects: [TrialCluster.Project]
    private var load: Load?

    init(programs: String, _ scenario: Scenario) throws {
        cluster = try OwnCluster.start(
            programs: programs, projects: Self.projectCount, users: OwnCluster.peerUsers,
            misbehaves: scenario.stores.contains(.probes))
        do {
            projects = try (0..<Self.projectCount).map { [cluster] in try cluster.createProject("peer \($0)") }
        } catch {
            cluster.stop()
            throw error
        }
    }

    func begin(_ scenario: Scenario, seed: UInt64, _ watch: Stopwatch) {
        let rate = scenario.peerRate(projects: projects.count)
        let load = Load(cluster, projects, scenario.stores, seed: seed &+ 1, watch, spread: .seconds(1)) { _ in rate }
        load.enter(.steady)
        self.load = load
    }

    func finish() -> History { load?.finish() ?? History() }

    /// Can be called from any thread, and twice.
    var stop: @Sendable () -> Void { { [cluster] in cluster.stop() } }
}
