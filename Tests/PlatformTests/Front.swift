import Contracts
import Linux
import Nouns
import Testing

/// A front's end of the key channel.
final class Front {
    var keys: [String: String] = [:]
    var version: UInt64 = 0
    var isWhole: Bool?
    var isSynced = false
    var isConnected = true
    /// Whether it says what it has seen.
    var acknowledges = true
    private let connection: PacketConnection

    init(_ site: Site, known: UInt64 = 0, protocolVersion: Int = KeyChannel.version) throws {
        connection = try PacketConnection(
            Socket.connect(to: site.home + "/run/keys.sock", .packets), on: site.loop)
        connection.onMessage = { [unowned self] message, _ in take(message) }
        connection.onClosed = { [unowned self] _ in isConnected = false }
        connection.send(KeyChannel.FromFront.hello(version: protocolVersion, table: known).message)
    }

    func leave() { connection.close() }

    private func take(_ message: Message) {
        do {
            switch try KeyChannel.FromPlatform(message) {
            case .welcome(_, let isWhole):
                self.isWhole = isWhole
                if isWhole { keys = [:] }
                return
            case .project(let entry, let table): (keys[entry.project.text], version) = (entry.key, table)
            case .removed(let project, let table): (keys[project.text], version) = (nil, table)
            case .synced(let table): (isSynced, version) = (true, table)
            }
            if isSynced, acknowledges { connection.send(KeyChannel.FromFront.seen(table: version).message) }
        } catch {
            Issue.record("\(error)")
        }
    }
}
