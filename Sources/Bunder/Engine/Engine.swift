import Contracts
import HTTP
import KeyValues
import Linux
import Log
import Nouns
import Service

/// One project's key-value process: the store, and whatever sockets it was given.
package final class Engine {
    private let child: Child
    private let disk: any Disk
    private var store: Store?
    private var http: HTTPServer?
    private var resp: RESPServer?
    private var draining = 0

    /// Sets the child's callbacks; keep the engine for as long as its loop runs.
    package init(_ child: Child, disk: any Disk = KernelDisk()) {
        (self.child, self.disk) = (child, disk)
        child.onAssigned = { [unowned self] assignment, descriptors in try begin(assignment, &descriptors) }
        child.onTerminate = { [unowned self] in drain() }
        child.onRekeyed = { [unowned self] in resp?.expel() }
    }

    private func begin(_ assignment: Assignment, _ descriptors: inout PassedDescriptors) throws {
        let settings = try BunderSettings(assignment.settings)
        let store = try Store(
            directory: assignment.data, project: assignment.instance.project, settings, disk: disk,
            on: child.loop
        ) { [unowned self] failure in
            // Whoever waits for an answer must not get one: nobody knows what is on the disk.
            child.fail(StartFailure("the log failed: \(failure)"))
        }
        self.store = store
        let http = try serveHTTP(store, assignment, settings, &descriptors)
        let resp = RESPServer(store, settings, token: assignment.token, on: child.loop)
        if let socket = descriptors.takeOne(DescriptorName.handOff) {
            try resp.listen(on: socket, services: assignment.walls.services)
        }
        resp.onConnectionsChanged = { [unowned self] count in child.setBusy(count > 0) }
        (self.http, self.resp) = (http, resp)
        child.ready(Self.status(store))
    }

    private func serveHTTP(
        _ store: Store, _ assignment: Assignment, _ settings: BunderSettings,
        _ descriptors: inout PassedDescriptors
    ) throws -> HTTPServer {
        var limits = HTTPServer.Limits()
        limits.bodyMax = settings.limits.valueMax
        limits.connectionsMax = settings.connectionsMax
        let routes = KeyValueRoutes(store, of: assignment.instance.project)
        let http = HTTPServer(on: child.loop, limits: limits, token: assignment.token) { request, responder in
            routes.handle(request, responder)
        }
        for name in [DescriptorName.tcp, DescriptorName.unix] {
            for socket in descriptors.take(name) { try http.listen(on: socket, .token) }
        }
        return http
    }

    private static func status(_ store: Store) -> String {
        guard let tail = store.log.recovery.tornTail else { return "\(store.keyspace.count) keys" }
        return "\(store.keyspace.count) keys; cut an unfinished write of \(tail.bytes) bytes off \(tail.file)"
    }

    private func drain() {
        guard let http, let resp else { return child.finish() }
        draining = 2
        http.drain { [unowned self] in drained() }
        resp.drain { [unowned self] in drained() }
    }

    private func drained() {
        draining -= 1
        guard draining == 0, let store else { return }
        store.whenDurable { [self] in
            do throws(LogFailure) {
                try store.close()
                child.finish()
            } catch {
                child.fail(StartFailure("the log failed: \(error)"))
            }
        }
    }
}
