import Contracts
import HTTP
import JSON
import Linux
import Nouns
import Projects
import Service

/// A project's own limits at the fronts.
extension PlatformService {
    func showLimits(_ request: Request, _ responder: Responder) throws {
        let project = try project(named: request.parameter("project"))
        responder.send(.json(200, ["limits": Self.json(project.limits)]))
    }

    /// A JSON merge patch (RFC 7396) of the limits: a number sets one, null gives it back to the cluster file.
    func changeLimits(_ request: Request, _ responder: Responder) throws {
        guard let members = try json(request).object?.members else { throw Self.limitsMalformed }
        var project = try project(named: request.parameter("project"))
        for member in members {
            guard let key = ProjectLimits.Key(rawValue: member.name) else { throw Self.limitsMalformed }
            if member.value.isNull {
                project.limits[key] = nil
            } else {
                guard let number = member.value.int, key.range.contains(number) else {
                    throw Fault(
                        400, "limits.malformed",
                        "\(key.rawValue) is a whole number from \(key.range.lowerBound) to \(key.range.upperBound), "
                            + "or null.")
                }
                project.limits[key] = number
            }
        }
        try setLimits(project, responder)
    }

    func clearLimits(_ request: Request, _ responder: Responder) throws {
        var project = try project(named: request.parameter("project"))
        project.limits = .init()
        try setLimits(project, responder)
    }

    private func setLimits(_ project: Project, _ responder: Responder) throws {
        guard project.state == .active else { throw Self.isDeleting }
        var project = project
        project.updated = clock()
        try registry.limit(project)
        keyServer?.publish()
        whenSeen { [project] isSeen in
            responder.send(
                .json(200, ["limits": Self.json(project.limits), "fronts_updated": .bool(isSeen)]))
        }
    }

    private static func json(_ limits: ProjectLimits.Overrides) -> JSONValue {
        .object(
            JSONObject(
                ProjectLimits.Key.allCases.compactMap { key in
                    limits[key].map { (key.rawValue, .integer(Int64($0))) }
                }))
    }

    private static var limitsMalformed: Fault {
        Fault(
            400, "limits.malformed",
            "The body is an object with numbers, or null, for: "
                + ProjectLimits.Key.allCases.map(\.rawValue).joined(separator: ", ") + ".")
    }
}
