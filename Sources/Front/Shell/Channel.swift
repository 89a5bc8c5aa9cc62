import Contracts
import Linux
import Nouns

/// A connection to another program of the cluster that is made again whenever it is lost.
final class Channel {
    private static let delayMin = Duration.milliseconds(10)
    /// Whoever wants an instance that sleeps waits for the channel too.
    private static let delayMax = Duration.milliseconds(100)

    private let path: String
    private let loop: EventLoop
    private let onConnected: () -> Void
    private let onMessage: (Message, [Descriptor]) throws -> Void
    private let onLost: () -> Void
    private var connection: PacketConnection?
    private var delay = delayMin

    /// - Parameters:
    ///   - onConnected: the moment to say hello.
    ///   - onMessage: throws when the message breaks the protocol; the connection is then made anew.
    init(
        to path: String, on loop: EventLoop, onConnected: @escaping () -> Void,
        onMessage: @escaping (Message, [Descriptor]) throws -> Void, onLost: @escaping () -> Void
    ) {
        (self.path, self.loop) = (path, loop)
        (self.onConnected, self.onMessage, self.onLost) = (onConnected, onMessage, onLost)
    }

    var isConnected: Bool { connection != nil }

    /// Connects, and keeps trying while nobody is there.
    func open() {
        do throws(SystemError) {
            let connection = try PacketConnection(try Socket.connect(to: path, .packets), on: loop)
            self.connection = connection
            connection.onMessage = { [unowned self] in received($0, $1) }
            connection.onClosed = { [unowned self] _ in lost() }
            onConnected()
        } catch {
            openLater()
        }
    }

    /// Lost when there is no connection: the next hello says all anew.
    func send(_ message: Message) { connection?.send(message) }

    private func received(_ message: Message, _ descriptors: [Descriptor]) {
        do {
            try onMessage(message, descriptors)
            delay = Self.delayMin
        } catch {
            connection?.close()
            lost()
        }
    }

    private func lost() {
        connection = nil
        onLost()
        openLater()
    }

    private func openLater() {
        loop.schedule(after: delay) { [weak self] in self?.open() }
        delay = min(delay * 2, Self.delayMax)
    }
}
