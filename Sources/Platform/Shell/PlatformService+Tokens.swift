import Contracts
import Crypto
import HTTP
import JSON
import Linux
import Nouns
import Projects
import Service

/// Operators' tokens: made, listed and revoked by operators, asked about by fronts.
extension PlatformService {
    func listTokens(_ request: Request, _ responder: Responder) throws {
        let tokens = try registry.tokens()
        responder.send(
            .json(200) {
                $0.object {
                    $0.member("tokens") { list in list.array { for token in tokens { token.write(to: &$0) } } }
                }
            })
    }

    func createToken(_ request: Request, _ responder: Responder) throws {
        let body = try json(request)
        guard let text = body["name"]?.string, let name = TokenName(text) else {
            throw Fault(400, "token.name_malformed", "The body is {\"name\": …} with a name. \(TokenName.form)")
        }
        let now = clock()
        let token = IssuedToken(
            id: TokenID(random: Random.word()), name: name, scope: try scope(body["projects"]), created: now,
            expires: try lifetime(body["expires_in"]).map { now + $0 * 1000 })
        guard try registry.token(name.text) == nil else {
            throw Fault(409, "token.exists", "There is a token of this name; revoke it first, or choose another name.")
        }
        guard try registry.tokenCount() < IssuedToken.countMax else {
            throw Fault(
                409, "tokens.full",
                "There are \(IssuedToken.countMax) tokens, as many as allowed; revoke those that nobody uses.")
        }
        let secret = TokenSecret(random: (Random.word(), Random.word(), Random.word()))
        try registry.insert(token, Self.hash(secret))
        responder.send(.json(201) { token.write(to: &$0, secret: secret) })
    }

    func revokeToken(_ request: Request, _ responder: Responder) throws {
        guard let token = try registry.token(request.parameter("token")) else {
            throw Fault(404, "token.unknown", "There is no token of this id or name; list them to see what there is.")
        }
        try registry.revoke(token.id)
        keyServer?.publish()
        whenSeen { isSeen in
            responder.send(
                .json(
                    200,
                    ["message": "token revoked", "id": .string(token.id.text), "fronts_updated": .bool(isSeen)]))
        }
    }

    /// What a front is told of a token; nil when there is none, or it has expired.
    func grant(for hash: SecretHash) -> TokenGrant? {
        let now = clock()
        do {
            guard let token = try registry.token(hash), let grant = token.grant(at: now) else { return nil }
            if token.isUseWorthNoting(at: now) { try registry.noteUse(of: token.id, at: now) }
            return grant
        } catch {
            // A disk that is full for the note would be one for everything else that this tells of, too.
            LogLine.write(.error, "token not looked up", [("reason", "\(error)")])
            return nil
        }
    }

    private static func hash(_ secret: TokenSecret) -> SecretHash { SecretHash(SHA256.hash(secret.text))! }

    /// Null or nothing: all projects.
    private func scope(_ value: JSONValue?) throws -> TokenGrant.Scope {
        guard let value, !value.isNull else { return .all }
        guard let names = value.array?.map(\.string), (1...TokenGrant.projectsMax).contains(names.count),
            !names.contains(nil)
        else {
            throw Fault(
                400, "token.projects_malformed",
                "projects is a list of 1 to \(TokenGrant.projectsMax) ids or slugs, or left out for all projects.")
        }
        let projects = try names.map { try project(named: $0!).id }
        return .projects(Set(projects).sorted())
    }

    /// In seconds.
    private func lifetime(_ value: JSONValue?) throws(Fault) -> Int64? {
        guard let value, !value.isNull else { return nil }
        guard let seconds = value.integer, (1...IssuedToken.lifetimeMax).contains(seconds) else {
            throw Fault(
                400, "token.lifetime_malformed",
                "expires_in is a number of seconds from 1 to \(IssuedToken.lifetimeMax).")
        }
        return seconds
    }
}
