import Nouns

/// One line of the front's table: requests to `host` whose path begins with `prefix` go to the project's instance of
/// `kind`, the prefix replaced by `rewrite`.
package struct Route: Hashable, Sendable {
    /// What a request must show.
    package enum Access: String, CaseIterable, Hashable, Sendable {
        /// The project's key, or an operator's token that opens the project.
        case key
        /// Nothing: the route's host or `project` names the project. Credentials that are shown all the same must be
        /// good.
        case anyone = "public"
    }

    /// Nil: any host.
    package var host: RouteHost?
    /// Begins and ends with `/`.
    package var prefix: String
    package var kind: Kind
    /// Begins and ends with `/`; `{project}` stands for the project's id.
    package var rewrite: String
    /// The slug or id of the one project that this route is for; nil when the host, the key or the token tells.
    package var project: String?
    package var access: Access
    /// Bytes; a longer body is refused with 413.
    package var bodyMax: Int
    /// From the end of the request to the first byte of the answer.
    package var timeout: Duration
    /// As how many requests of the project's rate one request counts.
    package var cost: Int
    /// Whether clients may change over to WebSocket here (RFC 6455).
    package var upgrades: Bool

    package init(
        host: RouteHost? = nil, prefix: String, kind: Kind, rewrite: String, project: String? = nil,
        access: Access = .key, bodyMax: Int, timeout: Duration, cost: Int = 1,
        upgrades: Bool = false
    ) {
        (self.host, self.prefix, self.kind, self.rewrite) = (host, prefix, kind, rewrite)
        (self.project, self.access, self.bodyMax) = (project, access, bodyMax)
        (self.timeout, self.cost, self.upgrades) = (timeout, cost, upgrades)
    }

    /// Whether the route itself, by its host or `project`, tells whose requests it takes.
    package var namesProject: Bool {
        if case .project = host { return true }
        return project != nil
    }

    func write(to message: inout Message) {
        message.set("HOST", host)
        message.set("PREFIX", prefix)
        message.set("KIND", kind)
        message.set("REWRITE", rewrite)
        message.set("PROJECT", project)
        message.set("ACCESS", access.rawValue)
        message.set("BODY_MAX", bodyMax)
        message.set("TIMEOUT_MS", timeout.millisecondsRoundedUp)
        message.set("COST", cost)
        if upgrades { message.set("UPGRADES", 1) }
    }

    init(reading message: Message) throws(Message.Malformed) {
        self.init(
            host: try message.optional("HOST") { RouteHost($0) },
            prefix: try message.required("PREFIX"), kind: try message.required("KIND") { Kind($0) },
            rewrite: try message.required("REWRITE"), project: message["PROJECT"],
            access: try message.required("ACCESS") { Access(rawValue: $0) },
            bodyMax: try message.required("BODY_MAX") { Int($0) },
            timeout: try message.milliseconds("TIMEOUT_MS"), cost: try message.required("COST") { Int($0) },
            upgrades: message["UPGRADES"] == "1")
    }
}
