import Nouns

/// The name of an operator's token, by which it is listed and revoked: `tok_` and 16 lower-case hex digits. No secret.
package struct TokenID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let prefix = "tok_"

    package let text: String

    /// Nil when the text is not of the form.
    package init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix), text.utf8.count == 20,
            text.utf8.dropFirst(4).allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return nil }
        self.text = String(text)
    }

    package init(random: UInt64) {
        let digits = String(random, radix: 16)
        text = Self.prefix + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    package var description: String { text }
    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// What a valid operator's token stands for.
package struct TokenGrant: Hashable, Sendable {
    package enum Scope: Hashable, Sendable {
        /// Every project, also those to come.
        case all
        case projects([ProjectID])
    }

    /// Projects that one token may name.
    package static let projectsMax = 64

    package var id: TokenID
    package var scope: Scope
    /// How long it is still valid; nil: until it is revoked.
    package var lifetime: Duration?

    package init(id: TokenID, scope: Scope, lifetime: Duration?) {
        (self.id, self.scope, self.lifetime) = (id, scope, lifetime)
    }

    package func opens(_ project: ProjectID) -> Bool {
        switch scope {
        case .all: true
        case .projects(let projects): projects.contains(project)
        }
    }

    func write(to message: inout Message) {
        message.set("ID", id)
        switch scope {
        case .all: message.set("PROJECTS", "*")
        case .projects(let projects): message.set("PROJECTS", projects.map(\.text).joined(separator: " "))
        }
        message.set("LIFETIME_MS", lifetime?.millisecondsRoundedUp)
    }

    init(reading message: Message) throws(Message.Malformed) {
        let scope = try message.required("PROJECTS") { text -> Scope? in
            if text == "*" { return .all }
            let words = text.split(separator: " ")
            let projects = words.compactMap { ProjectID($0) }
            return projects.count == words.count && words.count <= Self.projectsMax ? .projects(projects) : nil
        }
        self.init(
            id: try message.required("ID") { TokenID($0) }, scope: scope,
            lifetime: try message.optional("LIFETIME_MS") { Int64($0) }.map { .milliseconds($0) })
    }
}
