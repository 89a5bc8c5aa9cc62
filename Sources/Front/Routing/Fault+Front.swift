import Nouns

/// What the front itself answers.
extension Fault {
    package static let pathAmbiguous = Fault(
        400, "request.path_ambiguous", "The path has . or .. segments or a NUL byte; send it resolved.")
    package static let keyRequired = Fault(
        401, "key.required", "A project key is required: send X-Bunbase-Client-Key, or key in the query.")
    package static let keyUnknown = Fault(
        401, "key.unknown", "The project key is not known; it may have been rotated. Ask for the current one.")
    package static let keyRepeated = Fault(
        400, "key.repeated", "The project key is given more than once; send it once.")
    package static let keyOfOther = Fault(
        403, "key.other_project", "The project key opens another project than the host or route names.")
    package static let tokenUnknown = Fault(
        401, "token.unknown", "The token is not known; it may have expired or been revoked. Ask for another one.")
    package static let tokenForbidden = Fault(
        403, "token.project_forbidden", "The token does not open this project; ask for one that does.")
    package static let tokenNeedsProject = Fault(
        400, "token.project_required",
        "The token opens several projects: send X-Bunbase-Project with the slug or id of one.")
    package static let projectUnknown = Fault(
        404, "project.unknown", "There is no project of the name that the host or X-Bunbase-Project gives.")
    package static let projectContradicted = Fault(
        400, "project.contradicted", "The request names two different projects; name one.")
    package static let credentialsRepeated = Fault(
        400, "credentials.repeated", "Authorization or X-Bunbase-Project is given more than once; send each once.")
    package static let tokensUnavailable = Fault(
        503, "front.tokens_unavailable",
        "The token cannot be checked now because the platform does not answer or has too much to do; try again.",
        party: .cluster, retryAfter: .seconds(1))
    package static let keysUnavailable = Fault(
        503, "front.keys_unavailable",
        "The front has no key table yet because the platform does not answer; try again.",
        party: .cluster, retryAfter: .seconds(1))
    package static let routeUnknown = Fault(404, "route.unknown", "Nothing is served at this path; check its prefix.")
    package static let routesUnavailable = Fault(
        503, "front.routes_unavailable",
        "The front has no routes yet because the supervisor does not answer; try again.",
        party: .cluster, retryAfter: .seconds(1))
    package static let methodForbidden = Fault(
        501, "request.method_unsupported", "TRACE is not supported here.")
    package static let upgradeUnsupported = Fault(
        501, "upgrade.unsupported", "WebSocket connections are not supported at this path; use server-sent events.")
    package static let headTimeout = Fault(
        408, "request.head_timeout", "The request's head did not arrive in time; send it in one go.")
    package static let bodyTimeout = Fault(
        408, "request.body_timeout", "The request's body stopped arriving; send it again.")
    package static let connectionsTooMany = Fault(
        503, "connections.too_many", "The front has as many connections as it may; try again.", party: .cluster,
        retryAfter: .seconds(1))
    package static let projectBusy = Fault(
        429, "project.requests_too_many",
        "The project has as many requests under way and waiting as it may; send fewer at once.",
        retryAfter: .seconds(1))
    package static let clientConnectionsTooMany = Fault(
        429, "client.connections_too_many", "Your address has as many connections open as it may; use fewer.",
        retryAfter: .seconds(1))
    package static let memoryFull = Fault(
        503, "front.memory_full", "The front keeps as many bytes for slow connections as it may; try again.",
        party: .cluster, retryAfter: .seconds(1))
    package static let waitTimedOut = Fault(
        503, "instance.wait_timed_out", "The project's process did not become ready in time; try again.",
        party: .cluster, retryAfter: .seconds(1))
    package static let connectionLost = Fault(
        502, "instance.connection_lost",
        "The project's process ended the connection before it answered. The request may have been carried out.",
        party: .instance)
    package static let unreachable = Fault(
        502, "instance.unreachable", "The project's process cannot be reached; nothing was sent to it. Try again.",
        party: .instance, retryAfter: .seconds(1))
    package static let responseMalformed = Fault(
        502, "instance.response_malformed", "The project's process answered with what is no valid HTTP.",
        party: .instance)
    package static let responseTimedOut = Fault(
        504, "instance.response_timed_out",
        "The project's process did not answer in time. The request may have been carried out.", party: .instance)
    package static let misdirected = Fault(
        503, "instance.moved", "The project's process moved while the request was on its way; try again.",
        party: .cluster, retryAfter: .seconds(1))
    package static let revoked = Fault(
        503, "instance.stopping",
        "The project's process was stopped before it answered. The request may have been carried out.", party: .cluster,
        retryAfter: .seconds(1))
    /// - Parameter wait: until a request is let through to try it.
    package static func unresponsive(_ wait: Duration) -> Fault {
        Fault(
            503, "instance.unresponsive",
            "The project's process has left the last requests unanswered; it is tried again soon.", party: .instance,
            retryAfter: wait)
    }
    package static let handOffTimedOut = Fault(
        504, "instance.handoff_timed_out", "The project's process did not take the connection in time; connect again.",
        party: .instance, retryAfter: .seconds(1))
    package static let noRoom = Fault(
        503, "front.no_room", "The front is out of sockets or memory; try again.", party: .cluster,
        retryAfter: .seconds(1))

    package static func bodyTooLong(_ limit: Int) -> Fault {
        Fault(413, "request.body_too_long", "The body is longer than the \(limit) bytes that are allowed here.")
    }

    package static func rateExceeded(retryAfter: Duration) -> Fault {
        Fault(
            429, "project.rate_exceeded", "The project has sent more requests a second than it may; send fewer.",
            retryAfter: retryAfter)
    }
    package static func handshakesTooMany(retryAfter: Duration) -> Fault {
        Fault(
            429, "client.handshakes_too_many",
            "Your address has made more connections a second than it may; keep connections open.",
            retryAfter: retryAfter)
    }
    package static func badRequestsTooMany(retryAfter: Duration) -> Fault {
        Fault(
            429, "client.bad_requests_too_many",
            "Your address has sent too many requests that were refused; correct them first.", retryAfter: retryAfter)
    }
}
