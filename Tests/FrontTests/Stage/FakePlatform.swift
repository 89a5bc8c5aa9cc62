import Contracts
import Linux
import Nouns

/// The other end of the key channel, with a table of its own.
final class FakePlatform {
    private(set) var heard: [KeyChannel.FromFront] = []
    private(set) var connection: PacketConnection?
    var entries: [KeyEntry] = []
    var table: UInt64 = 7
    /// What to say to a question about a token; nil: nothing yet.
    var answer: (_ ticket: UInt64) -> KeyChannel.FromPlatform? = { _ in nil }
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

    /// Dies: its listener and its connection are gone.
    func stop() {
        listener?.close()
        listener = nil
        connection?.close()
        connection = nil
    }

    func say(_ message: KeyChannel.FromPlatform) { connection?.send(message.message) }

    private func hear(_ message: KeyChannel.FromFront, on connection: PacketConnection) {
        func say(_ message: KeyChannel.FromPlatform) { connection.send(message.message) }
        heard.append(message)
        if case .verify(let ticket, _) = message, let answer = answer(ticket) { say(answer) }
        guard case .hello = message else { return }
        say(.welcome(version: KeyChannel.version, isWhole: true))
        for entry in entries { say(.project(entry, table: table)) }
        say(.synced(table: table))
    }
}
