import Contracts
import HTTP
import Nouns

/// Decides, from its head alone, whose request this is and where it goes; or what to answer instead.
package enum Gate {
    /// Who asks.
    package enum Identity: Hashable, Sendable {
        /// Whoever has the project's key.
        case key
        /// Anyone: the route is public.
        case anyone
        case token(TokenID)
    }

    /// What a head says by itself.
    package struct Request {
        package let match: RouteTable.Match
        package let credentials: Credentials
        /// The client asks for another protocol, and the route lets it.
        package let upgrades: Bool
        /// To be found out before the request passes.
        package var token: OperatorToken? {
            if case .presented(let token) = credentials.token { token } else { nil }
        }
    }

    package struct Passed {
        package let match: RouteTable.Match
        package let entry: ProjectEntry
        package let identity: Identity
        /// `Authorization` held our token and is not for the instance.
        package let hidesAuthorization: Bool
        /// The query without the key, when it held it.
        package let strippedQuery: [UInt8]?
        /// The client asks for another protocol, and the route lets it.
        package let upgrades: Bool
        package var project: ProjectID { entry.id }

        package init(
            match: RouteTable.Match, entry: ProjectEntry, identity: Identity = .key, hidesAuthorization: Bool = false,
            strippedQuery: [UInt8]? = nil, upgrades: Bool = false
        ) {
            (self.match, self.entry, self.identity) = (match, entry, identity)
            (self.hidesAuthorization, self.strippedQuery) = (hidesAuthorization, strippedQuery)
            self.upgrades = upgrades
        }
        package var instance: InstanceID { InstanceID(project, match.holder.route.kind) }
    }

    /// In this order: what is not supported at all, the route, the form of the credentials, the body's length.
    ///
    /// - Parameter routes: nil while nobody has said which there are.
    package static func read(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ routes: RouteTable?
    ) throws(Fault) -> Request {
        guard head.method != .trace else { throw .methodForbidden }
        guard let routes else { throw .routesUnavailable }
        try RouteTable.check(bytes[head.path])
        let host = head.authority ?? head.fields.first(.host)
        guard let match = routes.match(host: host, path: head.path, in: bytes) else { throw .routeUnknown }
        let entry = match.holder
        let credentials = try Credentials(head, in: bytes, readsQuery: entry.route.access == .key)
        if case .length(let length) = head.framing, length > entry.route.bodyMax {
            throw .bodyTooLong(entry.route.bodyMax)
        }
        let upgrades = isWebSocket(head, bytes)
        guard !upgrades || entry.route.upgrades else { throw .upgradeUnsupported }
        return Request(match: match, credentials: credentials, upgrades: upgrades)
    }

    /// - Parameter grant: what the platform said of the request's token, if it has one.
    package static func pass(
        _ request: Request, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ keys: KeyTable,
        _ grant: TokenGrant?
    ) throws(Fault) -> Passed {
        if request.credentials.token == .malformed { throw .tokenUnknown }
        let named = try named(by: request.match, bytes, keys)
        let opened = try opened(by: request.credentials.key, keys)
        if let named, let opened, named !== opened { throw .keyOfOther }
        let entry: ProjectEntry
        let identity: Identity
        if let grant {
            entry = try chosen(with: grant, named ?? opened, head, bytes, keys)
            identity = .token(grant.id)
        } else if let opened {
            (entry, identity) = (opened, .key)
        } else if let named, request.match.holder.route.access == .anyone {
            (entry, identity) = (named, .anyone)
        } else {
            throw .keyRequired
        }
        return Passed(
            match: request.match, entry: entry, identity: identity,
            hidesAuthorization: request.credentials.isInAuthorization,
            strippedQuery: request.credentials.strippedQuery, upgrades: request.upgrades)
    }

    /// The project that the host or the route names.
    private static func named(
        by match: RouteTable.Match, _ bytes: UnsafeRawBufferPointer, _ keys: KeyTable
    ) throws(Fault) -> ProjectEntry? {
        let project: ProjectEntry?
        if let label = match.projectLabel {
            project = keys.entry(labelled: bytes[label])
        } else if let name = match.holder.route.project {
            project = keys.entry(named: name)
        } else {
            return nil
        }
        guard let project else { throw keys.isKnown ? .projectUnknown : .keysUnavailable }
        return project
    }

    private static func opened(by key: Credentials.Key, _ keys: KeyTable) throws(Fault) -> ProjectEntry? {
        switch key {
        case .none: return nil
        case .malformed: throw .keyUnknown
        case .presented(let key):
            guard let project = keys.entry(key) else { throw keys.isKnown ? .keyUnknown : .keysUnavailable }
            return project
        }
    }

    /// The one of a token's projects that is meant: what host, route or key name, what the client names, or the only
    /// one.
    private static func chosen(
        with grant: TokenGrant, _ named: ProjectEntry?, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer,
        _ keys: KeyTable
    ) throws(Fault) -> ProjectEntry {
        guard head.fields.count(.project) <= 1 else { throw .credentialsRepeated }
        var project = named
        if let field = head.fields.first(.project) {
            guard let asked = keys.entry(named: bytes[field]) else {
                throw keys.isKnown ? .projectUnknown : .keysUnavailable
            }
            guard project == nil || project === asked else { throw .projectContradicted }
            project = asked
        }
        if project == nil, case .projects(let projects) = grant.scope, projects.count == 1 {
            guard let only = keys.entry(projects[0]) else {
                throw keys.isKnown ? .tokenForbidden : .keysUnavailable
            }
            project = only
        }
        guard let project else { throw .tokenNeedsProject }
        guard grant.opens(project.id) else { throw .tokenForbidden }
        return project
    }

    /// Other upgrades are offers that a server may pass over (RFC 9110 §7.8).
    private static func isWebSocket(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard head.connection.contains(.upgrade), let protocols = head.fields.first(.upgrade) else { return false }
        return head.framing == .none && head.minorVersion == 1 && bytes[protocols].equalsIgnoringCase("websocket")
    }
}

extension Gate.Identity {
    /// The value of `ReservedHeader.identity`.
    package func append(to output: OutputBuffer) {
        switch self {
        case .key: output.append("x-bunbase-identity: key\r\n" as StaticString)
        case .anyone: output.append("x-bunbase-identity: public\r\n" as StaticString)
        case .token(let id):
            output.append("x-bunbase-identity: token:" as StaticString)
            output.append(Array(id.text.utf8))
            output.append("\r\n" as StaticString)
        }
    }
}
