import HTTP
import JSON
import Linux
import Nouns
import Projects
import Service

/// Tells the supervisor which projects there are, on its control socket: all of them at the start and whenever the
/// supervisor has started anew, then each that comes or goes.
package final class SupervisorLink {
    /// Ids in one bulk declaration.
    package static let bulkMax = 10_000
    private static let retryMin = Duration.milliseconds(50)
    private static let retryMax = Duration.seconds(5)
    /// A stop takes as long as the slowest process may take to end.
    private static let withdrawTimeout = Duration.seconds(120)
    private static let declareTimeout = Duration.seconds(10)

    /// Whether the supervisor has been told of all projects since it started.
    package private(set) var isTold = false
    /// Called when `isTold` becomes true.
    package var onTold: (() -> Void)?

    private let client: HTTPClient
    private let loop: EventLoop
    private let projects: () throws -> [ProjectID]
    private var arrival: SocketArrival?
    private var isTelling = false
    private var mustTellAgain = false
    private var retryDelay = retryMin
    private var retry: TimerHeap.ID?
    private var isClosed = false

    /// `projects`: those that are active now.
    package init(_ path: String, on loop: EventLoop, projects: @escaping () throws -> [ProjectID]) throws(SystemError) {
        (self.loop, self.projects) = (loop, projects)
        client = HTTPClient(to: .unix(path), on: loop)
        arrival = try SocketArrival(path, on: loop) { [unowned self] in tellAll() }
    }

    package func close() {
        isClosed = true
        arrival?.close()
        if let retry { loop.cancel(retry) }
    }

    /// Whether something is being said or tried again.
    package var isBusy: Bool { isTelling || retry != nil }

    // MARK: All

    /// Declares all active projects, trying again until the supervisor has taken it.
    package func tellAll() {
        guard !isClosed else { return }
        isTold = false
        guard !isTelling else { return mustTellAgain = true }
        if let retry { loop.cancel(retry) }
        (retry, isTelling, mustTellAgain) = (nil, true, false)
        do {
            tell(try projects()[...])
        } catch {
            LogLine.write(.error, "registry not readable", [("reason", "\(error)")])
            tried(false)
        }
    }

    private func tell(_ rest: ArraySlice<ProjectID>) {
        let portion = rest.prefix(Self.bulkMax)
        var writer = JSONWriter(capacity: 40 * portion.count)
        writer.array { for id in portion { $0.value(id.text) } }
        client.send("PUT", "/projects", body: writer.bytes, timeout: Self.declareTimeout) { [self] result in
            guard case .success(let answer) = result, (200...299).contains(answer.status) else {
                if case .success(let answer) = result {
                    LogLine.write(.warning, "supervisor refused the projects", [("status", "\(answer.status)")])
                }
                return tried(false)
            }
            let rest = rest.dropFirst(portion.count)
            if rest.isEmpty { tried(true) } else { tell(rest) }
        }
    }

    private func tried(_ isDone: Bool) {
        isTelling = false
        guard !isClosed else { return }
        if mustTellAgain { return tellAll() }
        if isDone {
            retryDelay = Self.retryMin
            isTold = true
            onTold?()
        } else {
            retry = loop.schedule(after: retryDelay) { [self] in
                retry = nil
                tellAll()
            }
            retryDelay = min(retryDelay * 2, Self.retryMax)
        }
    }

    // MARK: One

    /// Declares one project, trying again for `limit`; `completion` is called once, with nil when it is done.
    package func declare(_ project: ProjectID, within limit: Duration, _ completion: @escaping (Fault?) -> Void) {
        attempt("PUT", "/projects/\(project)", until: EventLoop.clock() + limit, Self.retryMin, completion)
    }

    /// Has the connections ended that were let in with a project's old key; otherwise as `declare`.
    package func rekey(_ project: ProjectID, within limit: Duration, _ completion: @escaping (Fault?) -> Void) {
        let end = EventLoop.clock() + limit
        attempt("POST", "/projects/\(project)/keys-changed", until: end, Self.retryMin, completion)
    }

    private func attempt(
        _ method: StaticString, _ target: String, until end: Instant, _ delay: Duration,
        _ completion: @escaping (Fault?) -> Void
    ) {
        let left = end - EventLoop.clock()
        guard left > .zero, !isClosed else { return completion(Self.unreachable) }
        client.send(method, target, timeout: left) { [self] result in
            if case .success(let answer) = result {
                if (200...299).contains(answer.status) { return completion(nil) }
                if answer.status < 500 { return completion(Self.refused(answer)) }
            }
            guard EventLoop.clock() + delay < end else { return completion(Self.unreachable) }
            loop.schedule(after: delay) { [self] in attempt(method, target, until: end, delay * 2, completion) }
        }
    }

    /// Has a project's processes ended and forgotten. Not before the supervisor has been told of all projects: a list
    /// that was under way could otherwise bring it back.
    package func withdraw(_ project: ProjectID, _ completion: @escaping (Deletion.Outcome) -> Void) {
        guard isTold else { return completion(.failed) }
        client.send("DELETE", "/projects/\(project)", timeout: Self.withdrawTimeout) { result in
            guard case .success(let answer) = result else { return completion(.failed) }
            // 404: the supervisor has never heard of it, so nothing of it runs.
            completion((200...299).contains(answer.status) || answer.status == 404 ? .done : .failed)
        }
    }

    private static let unreachable = Fault(
        503, "cluster.supervisor_unreachable", "The supervisor did not answer; look at its log.", party: .cluster,
        retryAfter: .seconds(5))

    private static func refused(_ answer: HTTPClient.Answer) -> Fault {
        let body = try? JSONValue(parsing: answer.body)
        guard let code = body?["code"]?.string, let message = body?["error"]?.string else {
            return Fault(
                503, "cluster.supervisor_refused", "The supervisor refused the project with \(answer.status).",
                party: .cluster)
        }
        return Fault(503, code, message, party: .cluster)
    }
}
