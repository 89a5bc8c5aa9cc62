import Contracts
import Crypto
import Linux
import Nouns
import Testing

/// A front's end of the key channel.
final class Front {
    var keys: [String: String] = [:]
    var limits: [String: String] = [:]
    var revoked: [String] = []
    /// What the platform said of each ticket; nil: unknown.
    var answers: [UInt64: TokenGrant?] = [:]
    private let site: Site
    private var lastTicket: UInt64 = 0
    var version: UInt64 = 0
    var isWhole: Bool?
    var isSynced = false
    var isConnected = true
    /// Whether it says what it has seen.
    var acknowledges = true
    private let connection: PacketConnection

    init(_ site: Site, known: UInt64 = 0, protocolVersion: Int = KeyChannel.version) throws {
        self.site = site
        connection = try PacketConnection(
            Socket.connect(to: site.home + "/run/keys.sock", .packets), on: site.loop)
        connection.onMessage = { [unowned self] message, _ in take(message) }
        connection.onClosed = { [unowned self] _ in isConnected = false }
        connection.send(KeyChannel.FromFront.hello(version: protocolVersion, table: known).message)
    }

    func leave() { connection.close() }

    /// Asks for a token, as it was presented.
    func verify(_ token: String) throws -> TokenGrant? {
        lastTicket += 1
        let hash = try #require(SecretHash(SHA256.hash(token)))
        connection.send(KeyChannel.FromFront.verify(ticket: lastTicket, hash).message)
        try site.loop.turn(until: answers[lastTicket] != nil, "no answer about a token")
        return try #require(answers[lastTicket])
    }

    private func take(_ message: Message) {
        do {
            switch try KeyChannel.FromPlatform(message) {
            case .welcome(_, let isWhole):
                self.isWhole = isWhole
                if isWhole { keys = [:] }
                return
            case .project(let entry, let table):
                (keys[entry.project.text], version) = (entry.key, table)
                limits[entry.project.text] = entry.limits.description
            case .removed(let project, let table): (keys[project.text], version) = (nil, table)
            case .synced(let table): (isSynced, version) = (true, table)
            case .revoked(let token, let table):
                revoked.append(token.text)
                version = table
            case .valid(let ticket, let grant):
                answers[ticket] = .some(grant)
                return
            case .unknown(let ticket):
                answers[ticket] = .some(nil)
                return
            }
            if isSynced, acknowledges { connection.send(KeyChannel.FromFront.seen(table: version).message) }
        } catch {
            Issue.record("\(error)")
        }
    }
}
