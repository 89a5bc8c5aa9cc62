import Foundation
import Synchronization
import Trial

/// Clients that write and read all the time: key-values and documents, on connections of their own and on one that is
/// kept; each counts what went wrong. Every answer is compared with what was written.
final class Traffic: Sendable {
    private struct State {
        var failures: [String] = []
        var requests = 0
        var isOver = false
        var running = 0
    }

    private let state = Mutex(State())
    private let done = DispatchSemaphore(value: 0)
    private let progress = NSCondition()

    /// Returns when each has been answered once.
    init(_ clients: [Client]) throws {
        for (index, client) in clients.enumerated() {
            guard try client.put("/v1/kv/kv/n\(index)", "0").status == 200 else {
                throw Box.Failure(description: "no traffic")
            }
            start { { try Self.keyValues(client, "n\(index)", $0) } }
            start { { try Self.documents(client, $0) } }
            start {
                var kept: BlockingConnection?
                return { _ in try Self.onOneConnection(&kept, client, "n\(index)") }
            }
        }
    }

    /// Ends the traffic; what went wrong in it.
    var failures: [String] {
        let running = state.withLock { state in
            defer { state.isOver = true }
            return state.isOver ? 0 : state.running
        }
        for _ in 0..<running { done.wait() }
        return state.withLock { $0.failures }
    }

    var requests: Int { state.withLock { $0.requests } }

    /// Returns when so many more requests were answered: faults and traffic take turns without a clock.
    func advance(_ count: Int) {
        let goal = requests + count
        progress.lock()
        defer { progress.unlock() }
        while requests < goal { progress.wait() }
    }

    /// `make` is called in the thread that does the work.
    private func start(_ make: @escaping @Sendable () -> (_ round: Int) throws -> Void) {
        state.withLock { $0.running += 1 }
        Thread.detachNewThread { [self] in
            let work = make()
            var round = 0
            while !state.withLock({ $0.isOver }) {
                round += 1
                var failure: String?
                do { try work(round) } catch { failure = "\(error)" }
                state.withLock { state in
                    state.requests += 1
                    if let failure { state.failures.append(failure) }
                }
                progress.lock()
                progress.broadcast()
                progress.unlock()
            }
            done.signal()
        }
    }

    private static func keyValues(_ client: Client, _ key: String, _ round: Int) throws {
        try demand(try client.put("/v1/kv/kv/\(key)", "\(round)"))
        let answer = try client.get("/v1/kv/kv/\(key)")
        try demand(answer)
        guard answer.text == "\(round)" else { throw Box.Failure(description: "wrote \(round), read \(answer.text)") }
    }

    /// Not repeatable: a front may not send it twice.
    private static func documents(_ client: Client, _ round: Int) throws {
        let answer = try client.post("/v1/database/collections/notes/documents", "{\"round\":\(round)}")
        guard answer.status == 201 else { throw Box.Failure(description: "POST: \(answer.status) \(answer.text)") }
    }

    /// As a client with a pool: a connection that was closed between two requests is opened again, and the request
    /// sent once more when nothing of an answer came (RFC 9112, 9.3.1).
    private static func onOneConnection(_ kept: inout BlockingConnection?, _ client: Client, _ key: String) throws {
        func get(_ connection: BlockingConnection) throws -> HTTPAnswer {
            try connection.exchange("GET", "/v1/kv/kv/\(key)", fields: ["X-Bunbase-Client-Key": client.key])
        }
        if let connection = kept {
            kept = nil
            if let answer = try? get(connection) {
                try demand(answer)
                if answer["connection"] != "close" { kept = connection }
                return
            }
        }
        let connection = try BlockingConnection(client.front, patience: .seconds(40))
        try demand(try get(connection))
        kept = connection
    }

    private static func demand(_ answer: HTTPAnswer) throws {
        guard answer.status == 200 else { throw Box.Failure(description: "\(answer.status) \(answer.text)") }
    }
}
