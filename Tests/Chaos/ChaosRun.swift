import Foundation
import Glibc
import JSON
import Support
import Synchronization
import Trial

/// Load and faults on a cluster of its own, drawn from a seed, and what came of it.
package final class ChaosRun: Sendable {
    package struct Plan: Sendable {
        package var seed: UInt64 = 1
        package var seconds = 30
        package var projects = 8
        /// Between two faults, milliseconds.
        package var pause = 100...700
        package init() {}
    }

    package struct Result: Sendable {
        package var history = History()
        package var faults: [(at: Duration, fault: Fault)] = []
        /// Failures that no fault explains.
        package var unexplained: [String] = []
        /// What did not come back after the last fault.
        package var notRecovered: [String] = []
    }

    private struct State {
        var isOver = false
        var entries: [History.Entry] = []
    }

    private let plan: Plan
    private let state = Mutex(State())
    private let began = ContinuousClock.now
    private let done = DispatchSemaphore(value: 0)

    package init(_ plan: Plan) { self.plan = plan }

    private var now: Duration { began.duration(to: .now) }

    /// Throws when the cluster itself cannot be had.
    package func run() throws -> Result {
        let cluster = try TrialCluster(clusterFile: Self.clusterFile)
        defer { cluster.stop() }
        let projects = try (0..<plan.projects).map { try cluster.createProject("project \($0)") }
        for (index, project) in projects.enumerated() {
            for store in Store.allCases {
                let client = Client(cluster, project)
                let seed = plan.seed &* 1000 &+ UInt64(index)
                Thread.detachNewThread { [self] in
                    work(client, project.id, store, seed: seed)
                    done.signal()
                }
            }
        }
        var result = Result()
        result.faults = try inject(cluster, projects)
        // Whatever the last faults did is to be over before the clients stop.
        Thread.sleep(forTimeInterval: 5)
        state.withLock { $0.isOver = true }
        for _ in 0..<projects.count * Store.allCases.count { done.wait() }
        result.history = History(state.withLock { $0.entries })
        result.unexplained = Self.unexplained(result.history, result.faults)
        result.notRecovered = projects.flatMap { project in
            Store.allCases.compactMap { store in
                let status = try? Client(cluster, project).get(store.path("k0")).status
                return status == 200 ? nil : "\(project.slug) \(store): \(status.map(String.init) ?? "no answer")"
            }
        }
        return result
    }

    private static let clusterFile = """
        node: chaos
        kinds:
          bundoc: {idle_timeout: 2s, restart: {intensity: 1000, delay_max: 1s}}
          bunder: {idle_timeout: 2s, restart: {intensity: 1000, delay_max: 1s}}
          platform: {restart: {intensity: 1000, delay_max: 1s}}
          front: {restart: {intensity: 1000, delay_max: 1s}}

        """

    /// What a client writes to: numbered values under a few keys, each tagged with its project.
    private enum Store: CaseIterable {
        case documents, values

        func path(_ key: String) -> String {
            switch self {
            case .documents: "/v1/database/collections/chaos/documents/\(key)"
            case .values: "/v1/kv/kv/\(key)"
            }
        }
    }

    private func work(_ client: Client, _ project: String, _ store: Store, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var last: [String: Int] = [:]
        while !state.withLock({ $0.isOver }) {
            let name = "k\(Int.random(in: 0..<4, using: &random))"
            let key = History.Key(project: project, name: "\(store).\(name)")
            let isWrite = last[name] == nil || Int.random(in: 0..<2, using: &random) == 0
            let number = (last[name] ?? 0) + 1
            if isWrite { last[name] = number }
            let start = now
            let outcome =
                isWrite
                ? write(client, store.path(name), project, number) : read(client, store.path(name))
            let operation: History.Operation = isWrite ? .write(number) : .read
            let entry = History.Entry(key, operation, outcome, start, now)
            state.withLock { $0.entries.append(entry) }
            // Now and then everyone rests long enough for the project to fall asleep.
            if Int.random(in: 0..<400, using: &random) == 0 { Thread.sleep(forTimeInterval: 4) }
        }
    }

    private func write(_ client: Client, _ path: String, _ project: String, _ number: Int) -> History.Outcome {
        do {
            let answer = try client.put(path, #"{"project":"\#(project)","number":\#(number)}"#)
            return (200..<300).contains(answer.status) ? .acknowledged : .failed("\(answer.status) \(answer.text)")
        } catch {
            return .failed("\(error)")
        }
    }

    private func read(_ client: Client, _ path: String) -> History.Outcome {
        do {
            let answer = try client.get(path)
            if answer.status == 404 { return .absent }
            guard answer.status == 200, let number = answer.json["number"]?.int,
                let project = answer.json["project"]?.string
            else { return .failed("\(answer.status) \(answer.text)") }
            return .found(number, project: project)
        } catch {
            return .failed("\(error)")
        }
    }

    private func inject(
        _ cluster: TrialCluster, _ projects: [TrialCluster.Project]
    ) throws -> [(at: Duration, fault: Fault)] {
        var random = SplitMix64(seed: plan.seed)
        var injected: [(at: Duration, fault: Fault)] = []
        let end = now + .seconds(plan.seconds)
        while now < end {
            Thread.sleep(forTimeInterval: Double(Int.random(in: plan.pause, using: &random)) / 1000)
            let fault = Fault.drawn(projects: projects.count, using: &random)
            let at = now
            if carryOut(fault, cluster, projects) { injected.append((at, fault)) }
        }
        return injected
    }

    /// False when there was nothing to do it to: the instance sleeps, the supervisor is just starting.
    private func carryOut(_ fault: Fault, _ cluster: TrialCluster, _ projects: [TrialCluster.Project]) -> Bool {
        let (pid, signal): (Int32?, Int32) =
            switch fault {
            case .killInstance(let project, let kind): (try? cluster.pid(projects[project], kind), SIGKILL)
            case .stopInstance(let project, let kind): (try? cluster.pid(projects[project], kind), SIGSTOP)
            case .killFront: (try? cluster.pid(service: "front"), SIGKILL)
            case .killPlatform: (try? cluster.pid(service: "platform"), SIGKILL)
            case .killSupervisor: ((try? cluster.status())?["pid"]?.int.map(Int32.init), SIGKILL)
            }
        guard let pid else { return false }
        return kill(pid, signal) == 0
    }

    /// Requests that failed though no fault whose blast radius they were in happened while they were under way.
    static func unexplained(_ history: History, _ faults: [(at: Duration, fault: Fault)]) -> [String] {
        history.entries.compactMap { entry in
            guard case .failed(let reason) = entry.outcome else { return nil }
            let isExplained = faults.contains { at, fault in
                fault.mayBreakConnections && at <= entry.ended && entry.began <= at + .seconds(1)
            }
            return isExplained ? nil : "\(entry.key) \(entry.operation) at \(entry.began): \(reason)"
        }
    }
}
