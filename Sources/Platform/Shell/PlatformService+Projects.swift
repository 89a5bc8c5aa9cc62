import Contracts
import HTTP
import JSON
import Linux
import Nouns
import Projects
import Service

extension PlatformService {
    private static let pageMax = 1_000
    private static let slugTries = 8

    // MARK: Reading

    func list(_ request: Request, _ responder: Responder) throws {
        let limit = try number(request, "limit", 1...Int64(Self.pageMax)) ?? 100
        let after = try number(request, "after", 1...Int64.max)
        let page = try registry.page(limit: Int(limit), after: after)
        responder.send(
            .json(200) {
                $0.object {
                    $0.member("projects") { list in
                        list.array { for project in page.projects { project.write(to: &$0) } }
                    }
                    if let next = page.next { $0.member("next", String(next)) } else { $0.member("next", .null) }
                }
            })
    }

    func show(_ request: Request, _ responder: Responder) throws {
        let project = try project(request)
        responder.send(.json(200) { project.write(to: &$0) })
    }

    func showKeys(_ request: Request, _ responder: Responder) throws {
        let project = try project(request)
        responder.send(.json(200, ["public_api_key": .string(project.key.text)]))
    }

    /// By the id or slug in the path.
    private func project(_ request: Request) throws -> Project { try project(named: request.parameter("project")) }

    func project(named name: String) throws -> Project {
        guard let project = try registry.project(name) else {
            throw Fault(
                404, "project.unknown", "There is no project \(Self.quoted(name)); list them to see what there is.")
        }
        return project
    }

    /// As much of a caller's text as may stand in an answer.
    private static func quoted(_ text: String) -> String { text.count <= 100 ? text : text.prefix(100) + "…" }

    private func number(
        _ request: Request, _ name: StaticString, _ range: ClosedRange<Int64>
    ) throws(Fault) -> Int64? {
        guard let text = try request.query(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw Fault(
                400, "request.query_malformed",
                "\(name) is not a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    // MARK: Creating

    func create(_ request: Request, _ responder: Responder) throws {
        let name = try name(request)
        guard try registry.count() < settings.projectsMax else {
            throw Fault(
                409, "projects.full",
                "There are \(settings.projectsMax) projects, as many as allowed; delete one or raise projects_max.")
        }
        let now = Self.now
        let project = Project(
            id: Project.id(random: (Random.word(), Random.word())), name: name, slug: try freeSlug(name),
            key: ProjectKey(random: (Random.word(), Random.word())), created: now, updated: now)
        try registry.insert(project)
        creations.insert(project.id)
        onActivity?()
        guard goesOn(.recorded) else { return keep(responder) }
        guard let link else { return declared(project, nil, responder) }
        link.declare(project.id, within: settings.supervisorWait) { [self] in declared(project, $0, responder) }
    }

    private func declared(_ project: Project, _ fault: Fault?, _ responder: Responder) {
        guard goesOn(.declared) else { return keep(responder) }
        keyServer?.publish()
        if let fault {
            ended(project)
            // Its row stays; the list that the supervisor gets when it is back names it.
            link?.tellAll()
            return responder.send(
                Fault(
                    503, fault.code,
                    "The project \(project.id) was created, but the supervisor does not know it yet and will be told "
                        + "again; do not create it twice. \(fault.message)", party: .cluster,
                    retryAfter: fault.retryAfter))
        }
        whenSeen { [self] _ in
            guard goesOn(.published) else { return keep(responder) }
            ended(project)
            responder.send(.json(201) { project.write(to: &$0) })
        }
    }

    private func ended(_ project: Project) {
        creations.remove(project.id)
        onActivity?()
    }

    func json(_ request: Request) throws(Fault) -> JSONValue {
        do throws(JSONValue.Malformed) {
            return try JSONValue(parsing: request.body)
        } catch {
            throw Fault(400, "request.json_malformed", "The body is not JSON: \(error).")
        }
    }

    private func name(_ request: Request) throws(Fault) -> ProjectName {
        let value = try json(request)
        guard let text = value["name"]?.string, let name = ProjectName(text) else {
            throw Fault(
                400, "project.name_malformed", "The body is {\"name\": …} with a name. \(ProjectName.form)")
        }
        return name
    }

    private func freeSlug(_ name: ProjectName) throws -> Slug {
        var slug = Slug(name)
        for _ in 0..<Self.slugTries where try registry.hasSlug(slug) {
            slug = Slug(name, distinguishedBy: UInt32(truncatingIfNeeded: Random.word()))
        }
        return slug
    }

    // MARK: Keys

    func rotate(_ request: Request, _ responder: Responder) throws {
        var project = try project(request)
        guard project.state == .active else { throw Self.isDeleting }
        project.key = ProjectKey(random: (Random.word(), Random.word()))
        project.updated = Self.now
        try registry.rotate(project)
        guard goesOn(.rotated) else { return keep(responder) }
        keyServer?.publish()
        // Not before: until then a front may let someone in with the old key.
        whenSeen { [self, project] isSeen in
            expel(project.id) { isDone in
                responder.send(
                    .json(
                        200,
                        [
                            "public_api_key": .string(project.key.text), "fronts_updated": .bool(isSeen),
                            "connections_ended": .bool(isDone),
                        ]))
            }
        }
    }

    /// Ends the connections that fronts handed over while the old key was good.
    private func expel(_ project: ProjectID, _ completion: @escaping (Bool) -> Void) {
        guard let link else { return completion(true) }
        link.rekey(project, within: settings.supervisorWait) { completion($0 == nil) }
    }

    /// Calls when all fronts have the table as it is now, or after a while with false.
    func whenSeen(_ completion: @escaping (Bool) -> Void) {
        guard let keyServer else { return completion(true) }
        keyServer.whenSeen(registry.keys.version, within: settings.frontsWait, completion)
    }

    // MARK: Deleting

    func delete(_ request: Request, _ responder: Responder) throws {
        let project = try project(request)
        guard !creations.contains(project.id) else {
            throw Fault(
                409, "project.changing", "The project is just being created; try again.", retryAfter: .seconds(1))
        }
        if project.state == .active {
            try registry.fence(project.id, updated: Self.now)
            guard goesOn(.fenced) else { return keep(responder) }
            keyServer?.publish()
        }
        resume(project.id, responder)
    }

    /// Begins, or after a crash goes on with, the steps of a deletion. Somebody may wait for its end.
    func resume(_ project: ProjectID, _ responder: Responder? = nil) {
        let current = deletions[project]
        let deletion = current ?? ProjectDeletion(project, of: self)
        if let responder { deletion.wait(responder) }
        guard current == nil else { return }
        deletions[project] = deletion
        onActivity?()
        deletion.act()
    }

    static let isDeleting = Fault(
        409, "project.deleting", "The project is being deleted; create another one.")

    /// Stands for the end of the process: nobody is answered any more.
    func keep(_ responder: Responder) { abandoned.append(responder) }
}
