import Contracts
import Linux
import Projects

/// One front's connection on the key channel.
///
/// A long table goes out in portions, as fast as the front reads it, so that it never overflows the connection.
final class KeySubscriber {
    /// Packets given to the connection ahead of its front.
    private static let aheadMax = 256

    var onHello: ((UInt64) -> Void)?
    var onSeen: (() -> Void)?
    var onVerify: ((SecretHash) -> TokenGrant?)?
    var onClosed: (() -> Void)?

    /// The version up to which everything was sent or is about to be.
    private(set) var sent: UInt64 = 0
    /// The version that the front says it has.
    private(set) var seen: UInt64 = 0

    private let connection: PacketConnection
    private var isWelcome = false
    private var waiting: [KeyChannel.FromPlatform] = []
    private var waitingStart = 0

    init(_ connection: PacketConnection) {
        self.connection = connection
        connection.onMessage = { [unowned self] message, _ in receive(message) }
        connection.onClosed = { [unowned self] _ in onClosed?() }
        connection.onDrained = { [unowned self] in feed() }
    }

    func begin(_ changes: VersionedKeys.Changes, _ version: UInt64) {
        isWelcome = true
        waiting = [.welcome(version: KeyChannel.version, isWhole: changes.isWhole)]
        waiting += changes.messages
        waiting.append(.synced(table: version))
        waitingStart = 0
        sent = version
        feed()
    }

    /// Further changes, for a front that has been welcomed.
    func send(_ changes: VersionedKeys.Changes, _ version: UInt64) {
        guard isWelcome, version > sent else { return }
        guard !changes.isWhole else { return begin(changes, version) }
        waiting += changes.messages
        sent = version
        feed()
    }

    func close() { connection.close() }

    private func feed() {
        while waitingStart < waiting.count, connection.isOpen, connection.queuedPackets < Self.aheadMax {
            connection.send(waiting[waitingStart].message)
            waitingStart += 1
        }
        if waitingStart == waiting.count { (waiting, waitingStart) = ([], 0) }
    }

    private func receive(_ message: Message) {
        do throws(Message.Malformed) {
            switch try KeyChannel.FromFront(message) {
            case .hello(let version, let table):
                guard version == KeyChannel.version, !isWelcome else { return end() }
                onHello?(table)
            case .seen(let table):
                seen = max(seen, table)
                onSeen?()
            case .verify(let ticket, let hash):
                let grant = onVerify?(hash)
                let answer = grant.map { KeyChannel.FromPlatform.valid(ticket: ticket, $0) } ?? .unknown(ticket: ticket)
                connection.send(answer.message)
            }
        } catch {
            end()
        }
    }

    /// Not a front of ours, or not of our time.
    private func end() {
        connection.close()
        onClosed?()
    }
}
