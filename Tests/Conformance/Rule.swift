import JSON
import Trial

/// One thing that a front must do, seen from outside: a client on one side, an instance on the other, bytes in between.
package struct Rule: Sendable {
    /// How the front is set up.
    package enum Setting: Sendable, CaseIterable {
        /// As the cluster file's defaults say.
        case usual
        /// Limits so low that a check meets them: `Scene.tight`.
        case tight
        /// As `usual`, for this rule alone: it ends it.
        case own
    }

    /// A rule that does not hold.
    package struct Broken: Error, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    /// A sentence.
    package let name: String
    /// Where it is written: an RFC's section, or a part of ours.
    package let source: String
    package let setting: Setting
    /// The instance listens on a port, not on a unix socket.
    package let isOnPort: Bool
    /// Throws `Broken`, or what a connection throws.
    package let check: @Sendable (Scene) throws -> Void

    init(
        _ name: String, _ source: String, _ setting: Setting = .usual, isOnPort: Bool = false,
        _ check: @escaping @Sendable (Scene) throws -> Void
    ) {
        (self.name, self.source, self.setting, self.check) = (name, source, setting, check)
        self.isOnPort = isOnPort
    }

    /// A request that is answered with a fault, at once and without anything reaching the instance, and whose
    /// connection ends, because nobody knows where the next request begins.
    static func refuses(
        _ name: String, _ source: String, _ request: String, _ status: Int, _ code: String,
        _ setting: Setting = .usual, closes: Bool = true
    ) -> Rule {
        Rule("refuses \(name)", source, setting) { scene in
            let client = try scene.client()
            try client.send(scene.filled(request))
            let answer = try client.answer(to: "GET")
            try demand(
                answer.status == status && answer.json["code"]?.string == code, "\(answer.status) \(answer.text)")
            try demand(!scene.instance.hasConnection, "the instance was asked")
            if closes {
                try demand(answer["connection"] == "close", "connection: \(answer["connection"] ?? "")")
                try demand(try client.readToEnd().isEmpty, "more behind the answer")
            } else {
                try client.send(scene.filled("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n"))
                try demand(try client.answer(to: "GET").status == 404, "the connection does not go on")
            }
        }
    }

    package static let all: [Rule] =
        heads + bodies + forwarding + identity + answers + failures + limits + leaving + greetings + sockets
}

func demand(_ isSo: @autoclosure () throws -> Bool, _ otherwise: @autoclosure () -> String) throws {
    if try !isSo() { throw Rule.Broken(otherwise()) }
}
