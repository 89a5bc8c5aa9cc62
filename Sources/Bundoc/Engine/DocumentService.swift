import Contracts
import Documents
import Glibc
import HTTP
import Linux
import Log
import Nouns
import SQL
import Service

/// A bundoc process: one project's engine behind the HTTP server that all our programs share.
package final class DocumentService {
    private let child: Child
    private let passed: (Step) -> Void
    private var engine: Engine?
    private var server: HTTPServer?

    /// Sets the child's callbacks.
    ///
    /// - Parameter passed: see `Engine`.
    package init(_ child: Child, passed: @escaping (Step) -> Void = { _ in }) {
        (self.child, self.passed) = (child, passed)
        child.onBlank = { Store.rehearse() }
        child.onAssigned = { [unowned self] in try start($0, &$1) }
        child.onTerminate = { [unowned self] in stop() }
    }

    private func start(_ assignment: Assignment, _ descriptors: inout PassedDescriptors) throws {
        let settings = try EngineSettings(assignment.settings)
        let engine = try Engine(
            directory: assignment.data, settings: settings, loop: child.loop, passed: passed, failed: Self.end)
        let handler = RequestHandler(engine, project: assignment.instance.project)
        var limits = HTTPServer.Limits()
        limits.bodyMax = settings.limits.documentBytesMax
        let server = HTTPServer(on: child.loop, limits: limits, token: assignment.token) { handler.handle($0, $1) }
        for name in [DescriptorName.tcp, DescriptorName.unix] {
            for descriptor in descriptors.take(name) { try server.listen(on: descriptor, .token) }
        }
        (self.engine, self.server) = (engine, server)
        child.ready("serving documents")
    }

    private func stop() {
        guard let server else { return child.finish() }
        server.drain { [unowned self] in
            do {
                try engine?.close()
                child.finish()
            } catch {
                Self.end(error)
            }
        }
    }

    /// Ends the process at once, without a word to those who wait for an answer: nobody knows what is on the disk.
    private static func end(_ error: any Error) {
        let words = Array("bundoc: \(error)\n".utf8)
        _ = write(STDERR_FILENO, words, words.count)
        _exit(70)
    }
}
