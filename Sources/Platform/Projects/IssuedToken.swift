import Contracts
import JSON
import Nouns

/// An operator's token as the registry keeps it: everything but the token itself.
package struct IssuedToken: Hashable, Sendable {
    /// Tokens that may exist, expired ones included.
    package static let countMax = 1_000
    /// How long one that has expired is still listed.
    package static let expiredKept: Int64 = 30 * 86_400_000
    /// `lastUsed` is this coarse: a token in use costs a write as often at most. In milliseconds.
    package static let useCoarseness: Int64 = 600_000
    /// Seconds that a token may be valid: ten years.
    package static let lifetimeMax: Int64 = 3_650 * 86_400

    package let id: TokenID
    package let name: TokenName
    package let scope: TokenGrant.Scope
    /// These, in milliseconds since 1970-01-01T00:00:00Z.
    package let created: Int64
    /// Nil: until it is revoked.
    package let expires: Int64?
    package var lastUsed: Int64?

    package init(
        id: TokenID, name: TokenName, scope: TokenGrant.Scope, created: Int64, expires: Int64?, lastUsed: Int64? = nil
    ) {
        (self.id, self.name, self.scope) = (id, name, scope)
        (self.created, self.expires, self.lastUsed) = (created, expires, lastUsed)
    }

    /// What it stands for now; nil when it has expired.
    package func grant(at now: Int64) -> TokenGrant? {
        guard let expires else { return TokenGrant(id: id, scope: scope, lifetime: nil) }
        return expires > now ? TokenGrant(id: id, scope: scope, lifetime: .milliseconds(expires - now)) : nil
    }

    /// Whether a use now is worth writing down.
    package func isUseWorthNoting(at now: Int64) -> Bool {
        lastUsed.map { now - $0 >= Self.useCoarseness || now < $0 } ?? true
    }
}

extension IssuedToken {
    /// As operators see it.
    ///
    /// - Parameter secret: the token itself, in the one answer that tells it.
    package func write(to writer: inout JSONWriter, secret: TokenSecret? = nil) {
        writer.object {
            $0.member("id", id.text)
            $0.member("name", name.text)
            if let secret { $0.member("token", secret.text) }
            switch scope {
            case .all: $0.member("projects", .null)
            case .projects(let projects):
                $0.member("projects") { list in
                    list.array { for project in projects { $0.value(project.text) } }
                }
            }
            $0.member("created_at", Timestamp(created).text)
            for (name, moment) in [("expires_at", expires), ("last_used_at", lastUsed)] {
                if let moment { $0.member(name, Timestamp(moment).text) } else { $0.member(name, .null) }
            }
        }
    }
}
