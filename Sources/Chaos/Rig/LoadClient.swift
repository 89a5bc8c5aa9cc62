import ChaosPlan
import Foundation
import JSON
import Nouns
import Trial

/// One client of one store of one project. It keeps its connection, as browsers do, and makes a new one when that has
/// ended.
// SAFETY: handed to its thread once, then used by that one only.
final class LoadClient: @unchecked Sendable {
    /// Keys that are written and read, each by itself.
    private static let keysMax = 4
    /// One request in so many is followed by a rest that is longer than a project needs to fall asleep.
    private static let restEvery = 150
    private static let rest = Duration.seconds(6)
    private static let patience = Duration.seconds(35)

    private let cluster: TrialCluster
    private let project: TrialCluster.Project
    private let store: Store
    private let pace: Duration
    private unowned let load: Load
    private var random: SplitMix64
    private var last: [String: Int] = [:]
    private var connection: BlockingConnection?
    private var redis: Redis?

    init(
        _ cluster: TrialCluster, _ project: TrialCluster.Project, _ store: Store, rate: Double, _ load: Load,
        _ random: SplitMix64
    ) {
        (self.cluster, self.project, self.store, self.load, self.random) = (cluster, project, store, load, random)
        pace = .seconds(1 / rate)
    }

    func work() {
        // Not all at once: most find their process asleep.
        Stopwatch.pause(load.spread * Double.random(in: 0..<1, using: &random))
        while true {
            let phase = load.phase
            if phase == .over { break }
            let began = load.watch.now
            act()
            if phase == .working, Int.random(in: 0..<Self.restEvery, using: &random) == 0 { Stopwatch.pause(Self.rest) }
            let jitter = Double.random(in: 0.7..<1.3, using: &random)
            load.watch.wait(until: began + pace * jitter)
        }
        readBack()
    }

    private func act() {
        switch store {
        case .documents, .values:
            let name = "k\(Int.random(in: 0..<Self.keysMax, using: &random))"
            let isWrite = last[name] == nil || Bool.random(using: &random)
            if isWrite { write(name) } else { read(name) }
        case .counters: increment()
        case .appended: append()
        case .probes: ask()
        }
    }

    private func readBack() {
        switch store {
        case .documents, .values: for name in last.keys.sorted() { read(name) }
        case .counters: if last["n"] != nil { increment() }
        case .appended: if last["list"] != nil { list() }
        case .probes: break
        }
        connection?.close()
        redis?.connection.close()
    }

    private func note(_ name: String, _ operation: History.Operation, _ act: () -> History.Outcome) {
        let began = load.watch.now
        let outcome = act()
        let key = History.Key(project: project.id, store: store, name: name)
        load.note(History.Entry(key, operation, outcome, began, load.watch.now))
    }

    // MARK: Registers

    private func path(_ name: String) -> String {
        store == .documents ? "/v1/database/collections/chaos/documents/\(name)" : "/v1/kv/kv/\(name)"
    }

    private func write(_ name: String) {
        let number = (last[name] ?? 0) + 1
        last[name] = number
        note(name, .write(number)) {
            outcome(send("PUT", path(name), #"{"project":"\#(project.id)","number":\#(number)}"#)) { _ in .acknowledged
            }
        }
    }

    private func read(_ name: String) {
        note(name, .read) {
            outcome(send("GET", path(name)), absent: 404) { answer in
                guard let number = answer.json["number"]?.int, let project = answer.json["project"]?.string else {
                    return .failed("an answer without its number: \(answer.text.prefix(200))")
                }
                return .found(number, project: project)
            }
        }
    }

    // MARK: What must happen once

    private func append() {
        let number = (last["list"] ?? 0) + 1
        last["list"] = number
        let body = #"{"project":"\#(project.id)","number":\#(number)}"#
        note("list", .append(number)) {
            outcome(send("POST", "/v1/database/collections/appended/documents", body)) { _ in .acknowledged }
        }
    }

    private func list() {
        note("list", .list) {
            var numbers: [Int] = []
            var after = ""
            while true {
                let path = "/v1/database/collections/appended/documents?limit=1000\(after)"
                guard let answer = try? send("GET", path).get() else { return .failed("no list") }
                if answer.status == 404 { return .listed([]) }
                guard answer.status == 200, let page = answer.json["documents"]?.array else {
                    return .failed("\(answer.status) \(answer.text.prefix(200))")
                }
                numbers += page.compactMap { $0["number"]?.int }
                guard let next = answer.json["next"]?.string else { return .listed(numbers) }
                after = "&after=\(next)"
            }
        }
    }

    private func increment() {
        last["n"] = 1
        note("n", .increment) {
            do {
                // One that its server ended, as a process does that falls asleep, is not tried.
                if redis?.connection.hasBytes() == true { redis = nil }
                let redis = try redis ?? Redis(cluster, project, patience: Self.patience)
                self.redis = redis
                let reply = try redis.command("INCR", "n") ?? "nothing"
                guard reply.hasPrefix(":"), let number = Int(reply.dropFirst()) else { return .failed(reply) }
                return .found(number, project: project.id)
            } catch {
                redis?.connection.close()
                redis = nil
                return .failed("\(error)")
            }
        }
    }

    private func ask() {
        note("who", .ask) {
            outcome(send("GET", "/v1/misbehaver/do/who")) { .found(0, project: $0.text) }
        }
    }

    // MARK: The wire

    private func send(_ method: String, _ path: String, _ body: String? = nil) -> Result<HTTPAnswer, any Error> {
        Result {
            // A server may end a connection that rests; one that has ended is not tried.
            if let old = connection, old.hasBytes() {
                old.close()
                connection = nil
            }
            let current = try connection ?? BlockingConnection(cluster.front, patience: Self.patience)
            connection = current
            do {
                let answer = try current.exchange(
                    method, path, fields: ["X-Bunbase-Client-Key": project.key], body: body.map { Array($0.utf8) })
                if answer["connection"]?.lowercased() == "close" { drop() }
                return answer
            } catch {
                drop()
                throw error
            }
        }
    }

    private func drop() {
        connection?.close()
        connection = nil
    }

    private func outcome(
        _ result: Result<HTTPAnswer, any Error>, absent: Int? = nil, _ read: (HTTPAnswer) -> History.Outcome
    ) -> History.Outcome {
        switch result {
        case .failure(let error): .failed("\(error)")
        case .success(let answer) where answer.status == absent: .absent
        case .success(let answer) where (200..<300).contains(answer.status): read(answer)
        case .success(let answer): .failed("\(answer.status) \(answer.text.prefix(200))")
        }
    }
}
