import Foundation
import Glibc
import Trial

/// Durable creates of small documents through the front, beside what the disk alone can sync.
enum BundocBench {
    static let clients = 32
    static let creates = 300
    static let rounds = 3

    static func run() throws -> [Figure] {
        let cluster = try TrialCluster(clusterFile: ClusterText.make(warm: 0))
        defer { cluster.stop() }
        let project = try cluster.createProject("bundoc")
        var rates: [Double] = []
        var syncs: [Double] = []
        for round in 0...rounds {
            let rate = try create(cluster, project, round)
            let sync = try syncRate(in: cluster.home)
            // The first round makes the collection, the log and its files.
            guard round > 0 else { continue }
            rates.append(rate)
            syncs.append(sync)
        }
        let (rate, sync) = (BunderBench.median(rates), BunderBench.median(syncs))
        return [
            Figure(
                name: "bundoc durable creates, \(clients) clients", value: rate, unit: "/s",
                note: "\(String(format: "%.1f", rate / sync)) for each sync that the disk alone does (\(Int(sync))/s)")
        ]
    }

    private static func create(_ cluster: TrialCluster, _ project: TrialCluster.Project, _ round: Int) throws -> Double
    {
        let front = cluster.front
        let start = ContinuousClock.now
        _ = try Crowd.run(clients) { client in
            let connection = try BlockingConnection(front)
            return {
                defer { connection.close() }
                for index in 0..<creates {
                    let answer = try connection.exchange(
                        "POST", "/v1/database/collections/notes/documents",
                        fields: ["X-Bunbase-Client-Key": project.key],
                        body: Array(#"{"_id":"\#(round)-\#(client)-\#(index)","text":"a small document"}"#.utf8))
                    guard answer.status == 201 else { throw TrialCluster.Failure("\(answer.status) \(answer.text)") }
                }
            }
        }
        return Double(clients * creates) / ((ContinuousClock.now - start).milliseconds / 1000)
    }

    /// Overwrites of 4 KiB in a file that is there already, each synced, in a second.
    private static func syncRate(in folder: String) throws -> Double {
        let path = folder + "/sync"
        let file = open(path, O_RDWR | O_CREAT, 0o600)
        guard file >= 0 else { throw TrialCluster.Failure("cannot write to \(folder)") }
        defer { _ = (close(file), unlink(path)) }
        let page = [UInt8](repeating: 1, count: 4096)
        for index in 0..<64 { _ = pwrite(file, page, page.count, off_t(index * 4096)) }
        fsync(file)
        var count = 0
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(1) {
            _ = pwrite(file, page, page.count, off_t(count % 64 * 4096))
            guard fdatasync(file) == 0 else { throw TrialCluster.Failure("cannot sync in \(folder)") }
            count += 1
        }
        return Double(count) / ((ContinuousClock.now - start).milliseconds / 1000)
    }
}
