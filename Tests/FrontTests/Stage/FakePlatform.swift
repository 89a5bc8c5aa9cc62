import Contracts
import Linux
import Nouns

/// The other end of the key channel, with a table of its own.
final class FakePlatform {
    private(set) var heard: [KeyChannel.FromFront] = []
    private(set) var connection: PacketConnection?
    var entries: [KeyEntry] = []
    var table: UInt64 = 7
    private let path: String
    private let loop: EventLoop
    private var listener: PacketListener?

    init(at path: String, on loop: EventLoop) { (self.path, self.loop) = (path, loop) }

    func start() throws {
        listener = try PacketListener(
            try Socket.listen(at: path, .packets), on: loop, admits: { _ in true },
            { [unowned self] connection, _ in
                self.connection = connection
                connection.onMessage = { [unowned self, unowned connection] message, _ in
                    hear(try! KeyChannel.FromFront(message), on: connection)
                }
            })
    }

    func say(_ message: KeyChannel.FromPlatform) { connection?.send(message.message) }

    private func hear(_ message: KeyChannel.FromFront, on connection: PacketConnection) {
        func say(_ message: KeyChannel.FromPlatform) { connection.send(message.message) }
        heard.append(message)
        guard case .hello = message else { return }
        say(.welcome(version: KeyChannel.version, isWhole: true))
        for entry in entries { say(.project(entry, table: table)) }
        say(.synced(table: table))
    }
}
