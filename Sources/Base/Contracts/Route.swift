import Nouns

/// One line of the front's table: requests whose path begins with `prefix` go to the project's instance of `kind`,
/// the prefix replaced by `rewrite`.
package struct Route: Hashable, Sendable {
    /// Begins and ends with `/`.
    package var prefix: String
    package var kind: Kind
    /// Begins and ends with `/`; `{project}` stands for the project's id.
    package var rewrite: String
    /// Bytes; a longer body is refused with 413.
    package var bodyMax: Int
    /// From the end of the request to the first byte of the answer.
    package var timeout: Duration
    /// Whether clients may change over to WebSocket here (RFC 6455).
    package var upgrades: Bool

    package init(
        prefix: String, kind: Kind, rewrite: String, bodyMax: Int, timeout: Duration, upgrades: Bool = false
    ) {
        (self.prefix, self.kind, self.rewrite) = (prefix, kind, rewrite)
        (self.bodyMax, self.timeout, self.upgrades) = (bodyMax, timeout, upgrades)
    }

    func write(to message: inout Message) {
        message.set("PREFIX", prefix)
        message.set("KIND", kind)
        message.set("REWRITE", rewrite)
        message.set("BODY_MAX", bodyMax)
        message.set("TIMEOUT_MS", timeout.millisecondsRoundedUp)
        if upgrades { message.set("UPGRADES", 1) }
    }

    init(reading message: Message) throws(Message.Malformed) {
        self.init(
            prefix: try message.required("PREFIX"), kind: try message.required("KIND") { Kind($0) },
            rewrite: try message.required("REWRITE"), bodyMax: try message.required("BODY_MAX") { Int($0) },
            timeout: try message.milliseconds("TIMEOUT_MS"), upgrades: message["UPGRADES"] == "1")
    }
}
