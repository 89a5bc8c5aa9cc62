import Contracts
import Foundation
import Glibc
import Linux
import Nouns
import Trial

/// The instance of one rule's project: the check itself answers for it.
package final class SceneInstance {
    private let listener: Descriptor

    /// Where it listens, unless it does so at a path.
    let port: UInt16?

    /// - Parameter path: nil for a port instead.
    init(at path: String?) throws {
        listener = try path.map { try Socket.listen(at: $0, .stream) } ?? Socket.listen(on: .loopback(port: 0))
        port = path == nil ? try Socket.localPort(of: listener) : nil
    }

    /// Whether somebody connected and waits.
    package var hasConnection: Bool { wait(milliseconds: 0) }

    /// The next connection of the front's.
    package func accept() throws -> BlockingConnection {
        guard wait(milliseconds: 10_000) else { throw Rule.Broken("the instance was not asked") }
        let number = Glibc.accept(listener.number, nil, nil)
        guard number >= 0 else { throw SystemError("accept") }
        return BlockingConnection(accepted: number, patience: Scene.patience)
    }

    /// Nobody listens any more.
    package func release() { Socket.shutDown(listener) }

    private func wait(milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, milliseconds) == 1
    }
}

/// What one rule's check plays with: clients of a project, and its instance.
package struct Scene {
    static let patience = Duration.seconds(10)
    static let tightRest = Duration.milliseconds(200)
    static let tightConnections = 40

    package let front: FrontProcess
    package let instance: SceneInstance
    package let project: KeyEntry
    /// Of the instance's listener.
    package let token: Token
    /// A project whose instance is refused by the supervisor, and one that it does not answer about.
    package let refused: KeyEntry
    package let unanswered: KeyEntry

    /// A connection of a client's.
    package func client() throws -> BlockingConnection {
        try BlockingConnection(.port(front.port), patience: Self.patience)
    }

    /// The text with `{key}` as the project's key.
    package func filled(_ text: String) -> String { text.replacing("{key}", with: project.key) }

    /// A request with the project's key; `fields` are whole lines.
    package func request(
        _ line: String = "GET /v1/test/a", fields: String = "", body: String = "", key: String? = nil
    ) -> String {
        "\(line) HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: \(key ?? project.key)\r\n\(fields)\r\n\(body)"
    }

    /// Sends a request and gives what the instance got of its head, and the connection on which it came.
    package func pass(_ request: String, from client: BlockingConnection) throws -> (String, BlockingConnection) {
        try client.send(request)
        let upstream = try instance.accept()
        return (try upstream.head(), upstream)
    }

    /// Sends a request that the instance answers, and gives its head as the instance saw it and the answer.
    package func exchange(_ request: String, _ answer: String) throws -> (String, HTTPAnswer) {
        let client = try client()
        let (head, upstream) = try pass(request, from: client)
        try upstream.send(answer)
        return (head, try client.answer(to: String(request.prefix { $0 != " " })))
    }

    static let fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// The limits of `Rule.Setting.tight`.
    static func tight(_ limits: inout FrontLimits) {
        (limits.headMax, limits.fieldsMax) = (1_024, 12)
        (limits.project.requests, limits.project.waiting) = (2, 0)
        limits.connectionsMax = tightConnections
        limits.tunnelIdle = tightRest
        (limits.headTimeout, limits.bodyTimeout, limits.keepAlive, limits.waitMax) = (
            tightRest, tightRest, tightRest, tightRest
        )
    }
}

extension BlockingConnection {
    /// A head with its empty line.
    func head() throws -> String { String(decoding: try read(until: "\r\n\r\n"), as: UTF8.self) }

    /// Nothing more comes: the peer has ended the connection.
    func expectEnd() throws {
        do {
            let rest = try readToEnd()
            try demand(rest.isEmpty, "more: \(String(decoding: rest, as: UTF8.self))")
        } catch Failure.receive(ECONNRESET) {}
    }

    func endSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }
}
