import Config
import Contracts
import Foundation
import JSON
import Launcher
import Linux
import Nouns
import Terminal

/// The cluster that a command talks to.
struct Cluster {
    let home: Home

    /// Finds it; see `ClusterLocation`.
    init() throws(Failure) {
        let found = ClusterLocation.home(
            environment: ProcessInfo.processInfo.environment, calledAs: CommandLine.arguments[0], program: Self.program,
            workingDirectory: FileManager.default.currentDirectoryPath)
        guard let found else {
            throw Failure(.unreachable, "No cluster was found. Start one with: bunbase up, or set BUNBASE_HOME.")
        }
        home = Home(found)
    }

    /// This program's own file.
    static var program: String { ProcessTable.program(of: getpid()) ?? CommandLine.arguments[0] }

    /// Reads or changes something at the supervisor.
    func supervisor(
        _ method: String, _ path: String, body: JSONValue? = nil, patience: Duration = .seconds(120)
    ) throws(Failure) -> ControlConnection.Answer {
        try exchange(home.run.control, "the supervisor", method, path, body?.bytes, patience)
    }

    /// Reads or changes something at the platform.
    func platform(
        _ method: String, _ path: String, body: JSONValue? = nil, patience: Duration = .seconds(120)
    ) throws(Failure) -> ControlConnection.Answer {
        try exchange(home.run.platform, "the platform service", method, path, body?.bytes, patience)
    }

    /// The same, and a failure unless it was done.
    func demand(_ answer: ControlConnection.Answer) throws(Failure) -> ControlConnection.Answer {
        guard answer.isSuccess else { throw Failure(answer) }
        return answer
    }

    /// The body as JSON, or a failure.
    func json(_ answer: ControlConnection.Answer) throws(Failure) -> JSONValue {
        let body = try demand(answer).body
        do throws(JSONValue.Malformed) {
            return try JSONValue(parsing: body)
        } catch {
            throw Failure(.refused, "The cluster's answer is not JSON: \(error).")
        }
    }

    private func exchange(
        _ path: String, _ who: String, _ method: String, _ target: String, _ body: [UInt8]?, _ patience: Duration
    ) throws(Failure) -> ControlConnection.Answer {
        do throws(ControlConnection.Failure) {
            return try connect(to: path, patience).exchange(method, target, body: body)
        } catch {
            throw Self.failure(error, who, home)
        }
    }

    /// Connects. While the launcher lives, a supervisor that is away is just being started again: worth a few seconds.
    private func connect(
        to path: String, _ patience: Duration
    ) throws(ControlConnection.Failure) -> ControlConnection {
        let end = EventLoop.clock() + .seconds(5)
        while true {
            do throws(ControlConnection.Failure) {
                return try ControlConnection(to: path, patience: patience)
            } catch {
                guard case .unreachable = error, EventLoop.clock() < end,
                    RunLock.isHeld(at: RunLock.launcherPath(in: home.run.directory))
                else { throw error }
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    static func failure(_ error: ControlConnection.Failure, _ who: String, _ home: Home) -> Failure {
        switch error {
        case .unreachable(let reason):
            Failure(
                .unreachable,
                "\(who.capitalizedFirst) of the cluster in \(home.directory) cannot be reached (\(reason)). "
                    + "Is it running? Start it with: bunbase up")
        case .timedOut: Failure(.unreachable, "\(who.capitalizedFirst) did not answer in time. See: bunbase logs")
        case .broken(let reason): Failure(.unreachable, "The talk with \(who) broke off: \(reason). Try again.")
        }
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }

    /// As one part of a path.
    var pathPart: String {
        let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~@")
        return addingPercentEncoding(withAllowedCharacters: plain) ?? self
    }
}
