import BundocEngine
import Documents
import HTTP
import JSON
import Linux
import Log
import Nouns

/// An engine on a loop that the test turns.
final class EngineHarness {
    let loop: EventLoop
    private(set) var engine: Engine
    private(set) var failures: [any Error] = []
    private(set) var steps: [Step] = []
    private let scratch: Scratch
    private let reader = OperationReader(limits: DocumentLimits())

    init(
        _ scratch: Scratch, settings: EngineSettings = EngineSettings(), disk: any Disk = KernelDisk()
    ) throws {
        loop = try EventLoop()
        self.scratch = scratch
        var failed: (any Error) -> Void = { _ in }
        var passed: (Step) -> Void = { _ in }
        engine = try Engine(
            directory: scratch.path, settings: settings, loop: loop, disk: disk, passed: { passed($0) },
            failed: { failed($0) })
        failed = { [unowned self] in failures.append($0) }
        passed = { [unowned self] in steps.append($0) }
    }

    /// Operations asked in one batch of events, and what came of each; nil where nothing did.
    func batch(_ operations: [Operation]) throws -> [Result<Answer, Fault>?] {
        var results = [Result<Answer, Fault>?](repeating: nil, count: operations.count)
        for (index, operation) in operations.enumerated() {
            engine.perform(operation) { results[index] = $0 }
        }
        try loop.turn(wait: .zero)
        return results
    }

    /// Performs what a request says, alone in its batch.
    @discardableResult
    func request(_ method: String, _ path: String, _ body: String = "{}", ifMatch: String? = nil) throws -> Answer {
        guard let result = try batch([operation(method, path, body, ifMatch: ifMatch)])[0] else { throw Unanswered() }
        return try result.get()
    }

    struct Unanswered: Error {}

    func operation(
        _ method: String, _ path: String, _ body: String = "{}", ifMatch: String? = nil
    ) throws -> Operation {
        let parts = path.split(separator: "?", maxSplits: 1)
        let query = parts.dropFirst().flatMap { $0.split(separator: "&") }.map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            return (name: sides[0], value: sides.count > 1 ? sides[1] : "")
        }
        let segments = ["v1", "projects", "p", "databases", "d"] + parts[0].split(separator: "/").map(String.init)
        let name = Array(method.utf8)
        return try reader.operation(
            OperationReader.Request(
                method: name.withUnsafeBytes { Method($0) }, path: try RequestPath(segments, query: query),
                ifMatch: ifMatch, body: Array(body.utf8)))
    }

    /// Turns the loop until something is so; false when it is not within ten seconds.
    func turn(until isSo: () -> Bool) throws -> Bool {
        let end = EventLoop.clock() + .seconds(10)
        while !isSo() {
            guard EventLoop.clock() < end else { return false }
            try loop.turn(wait: .milliseconds(20))
        }
        return true
    }
}

extension Answer {
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension Result where Success == Answer, Failure == Fault {
    /// `201`, or `409 document.exists`.
    var summary: String {
        switch self {
        case .success(let answer): "\(answer.status)"
        case .failure(let fault): "\(fault.status) \(fault.code)"
        }
    }
}
