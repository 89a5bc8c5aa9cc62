import Contracts
import Glibc
import HTTP
import JSON
import Linux
import Nouns
import Projects
import SQL
import Service

/// The registry of projects: for operators over HTTP, for fronts as a table of keys, for the supervisor as the list
/// of what there is.
package final class PlatformService {
    /// What a change has done so far; between any two of these the process may die.
    package enum Step: Hashable, CaseIterable, Sendable {
        case recorded, declared, published
        case fenced, withdrawn, cleared, forgotten
        case rotated
    }

    /// Called when there begins or ends to be something to do.
    package var onActivity: (() -> Void)?
    /// Asked behind each step; false leaves everything as it is there, as if the process had died.
    package var goesOn: (Step) -> Bool = { _ in true }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var clock: () -> Int64 = { PlatformService.now }

    let loop: EventLoop
    let paths: PlatformPaths
    let settings: PlatformSettings
    package let registry: Registry
    let trash: Trash
    let link: SupervisorLink?
    private(set) var keyServer: KeyServer?
    var deletions: [ProjectID: ProjectDeletion] = [:]
    /// Being created: known, but not to everyone yet.
    var creations: Set<ProjectID> = []
    /// Whose requests were under way where `goesOn` said no.
    var abandoned: [Responder] = []
    private var server: HTTPServer?

    /// Opens the registry, and goes on with what was left half done.
    package init(_ paths: PlatformPaths, _ settings: PlatformSettings, on loop: EventLoop) throws {
        (self.loop, self.paths, self.settings) = (loop, paths, settings)
        registry = try Registry(directory: paths.data)
        trash = try Trash(paths.trash, on: loop)
        let registry = registry
        link = try paths.control.map { path in
            try SupervisorLink(path, on: loop) { try registry.projects(.active).map(\.id) }
        }
    }

    /// Serves operators and fronts from now on. `services`: the group of the cluster's services, where each has a user
    /// of its own; they are heard like operators.
    package func start(operators: Descriptor, fronts: Descriptor?, services: UInt32? = nil) throws {
        let server = HTTPServer(on: loop, limits: Self.limits) { [unowned self] in router.handle($0, $1) }
        server.services = services
        try server.listen(on: operators, .operators)
        server.onConnectionsChanged = { [unowned self] in onActivity?() }
        self.server = server
        if let fronts {
            keyServer = try KeyServer(
                fronts, on: loop, services: services, keys: { [registry] in registry.keys },
                verify: { [unowned self] in grant(for: $0) })
        }
        trash.onPurged = { [unowned self] left in
            if left > 0 { LogLine.write(.warning, "trash not removed", [("entries", "\(left)")]) }
            onActivity?()
        }
        trash.purge()
        link?.onTold = { [unowned self] in
            for deletion in deletions.values { deletion.hurry() }
            onActivity?()
        }
        link?.tellAll()
        for project in try registry.projects(.deleting) { resume(project.id) }
    }

    /// Whether nothing is to be done but for those who connect, or speak on a connection that stands.
    package var isIdle: Bool {
        server?.connectionCount == 0 && creations.isEmpty && deletions.isEmpty && !trash.isPurging
            && link?.isBusy != true
    }

    package var projectCount: Int { (try? registry.count()) ?? 0 }

    /// Finishes what is under way. Deletions stop between two steps; they go on with the next start.
    package func drain(_ whenDone: @escaping () -> Void) {
        for deletion in deletions.values { deletion.stop() }
        deletions = [:]
        guard let server else { return close(whenDone) }
        server.drain { [self] in close(whenDone) }
    }

    /// Lets go of everything at once and answers nobody, as the end of the process would: what a successor finds is
    /// then what it would find.
    package func abandon() {
        goesOn = { _ in false }
        server?.close()
        for deletion in deletions.values { deletion.stop() }
        keyServer?.close()
        link?.close()
        registry.close()
    }

    private func close(_ whenDone: () -> Void) {
        keyServer?.close()
        link?.close()
        registry.close()
        whenDone()
    }

    private static var limits: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.connectionsMax = 256
        limits.bodyMax = 65_536
        return limits
    }

    private lazy var router: Router = {
        var router = Router()
        router.get("/registry") { [unowned self] in
            answer($0, $1) { _, responder in
                responder.send(Response(200, contentType: "application/vnd.sqlite3", body: try registry.copy()))
            }
        }
        router.get("/projects") { [unowned self] in answer($0, $1, list) }
        router.post("/projects") { [unowned self] in answer($0, $1, create) }
        router.get("/projects/{project}") { [unowned self] in answer($0, $1, show) }
        router.delete("/projects/{project}") { [unowned self] in answer($0, $1, delete) }
        router.get("/projects/{project}/keys") { [unowned self] in answer($0, $1, showKeys) }
        router.post("/projects/{project}/keys/rotate") { [unowned self] in answer($0, $1, rotate) }
        router.get("/projects/{project}/limits") { [unowned self] in answer($0, $1, showLimits) }
        router.patch("/projects/{project}/limits") { [unowned self] in answer($0, $1, changeLimits) }
        router.delete("/projects/{project}/limits") { [unowned self] in answer($0, $1, clearLimits) }
        router.get("/tokens") { [unowned self] in answer($0, $1, listTokens) }
        router.post("/tokens") { [unowned self] in answer($0, $1, createToken) }
        router.delete("/tokens/{token}") { [unowned self] in answer($0, $1, revokeToken) }
        return router
    }()

    /// Answers what a handler throws.
    private func answer(
        _ request: Request, _ responder: Responder, _ handler: (Request, Responder) throws -> Void
    ) {
        do {
            try handler(request, responder)
        } catch {
            responder.send(Self.fault(error))
        }
    }

    package static func fault(_ error: any Error) -> Fault {
        switch error {
        case let fault as Fault: return fault
        case let error as DatabaseError where error.isFull: return diskFull
        case let error as SystemError where error.code == ENOSPC || error.code == EDQUOT: return diskFull
        default:
            LogLine.write(.error, "registry failed", [("reason", "\(error)")])
            return Fault(
                500, "storage.failed", "The registry could not be read or changed; look at the log.",
                party: .cluster)
        }
    }

    private static let diskFull = Fault(
        507, "storage.full", "The disk is full; nothing was changed. Make room and try again.", party: .cluster)

    static var now: Int64 { WallTime.milliseconds }
}
