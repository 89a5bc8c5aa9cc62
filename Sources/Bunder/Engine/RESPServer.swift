import Contracts
import KeyValues
import Linux
import Nouns

/// Takes Redis connections over from the front and serves them.
final class RESPServer {
    let store: Store
    let loop: EventLoop
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 16)
    /// The number of connections has changed.
    var onConnectionsChanged: ((Int) -> Void)?

    private let settings: BunderSettings
    private let token: Token?
    private let start: Instant
    private var listener: PacketListener?
    private var connections: [ObjectIdentifier: RESPConnection] = [:]
    private var lastID: Int64 = 0
    private var commands: Int64 = 0
    private var idleTimer: TimerHeap.ID?
    private var onDrained: (() -> Void)?

    init(_ store: Store, _ settings: BunderSettings, token: Token?, on loop: EventLoop) {
        (self.store, self.settings, self.token, self.loop) = (store, settings, token, loop)
        start = EventLoop.clock()
    }

    deinit { scratch.deallocate() }

    /// Takes connections over that arrive on a listener, from processes of the same user, of root and of the group of
    /// the cluster's services.
    func listen(on descriptor: Descriptor, services: UInt32?) throws(SystemError) {
        listener = try PacketListener(descriptor, on: loop) { peer in
            peer.isOurs(services)
        } _: { [unowned self] channel, _ in
            channel.onMessage = { [unowned self, unowned channel] message, descriptors in
                switch take(message, descriptors) {
                case .success(let begin):
                    channel.send(HandOff.Answer.taken.message)
                    begin()
                case .failure(let fault): channel.send(HandOff.Answer.refused(fault).message)
                }
            }
        }
    }

    /// Finishes what has come, then calls back from the loop.
    func drain(_ whenDone: @escaping () -> Void) {
        listener?.close()
        listener = nil
        onDrained = whenDone
        for connection in Array(connections.values) { connection.drain() }
        tellIfDrained()
    }

    /// Ends all connections, as their key opens the project no more: nothing further is carried out for them.
    func expel() {
        for connection in Array(connections.values) { connection.end("ERR the project's key was changed") }
    }

    func run(_ words: [[UInt8]], for session: Session) -> Reply {
        commands += 1
        var facts = ServerFacts()
        facts.connections = connections.count
        facts.commandsProcessed = commands
        return store.run(words, for: session, facts)
    }

    func closed(_ connection: RESPConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        onConnectionsChanged?(connections.count)
        tellIfDrained()
    }

    // MARK: - Taking over

    private func take(_ message: Message, _ descriptors: [Descriptor]) -> Result<() -> Void, Fault> {
        do {
            let handOff = try HandOff(message)
            guard isPresented(handOff.token) else { return .failure(Self.wrongToken) }
            guard descriptors.count == 1 else {
                throw Message.Malformed("a connection is handed over with one descriptor")
            }
            guard connections.count < settings.connectionsMax else { return .failure(Self.tooMany) }
            lastID += 1
            let session = Session(id: lastID)
            let connection = try RESPConnection(descriptors[0], of: self, session)
            connections[ObjectIdentifier(connection)] = connection
            onConnectionsChanged?(connections.count)
            scheduleIdleCheck()
            return .success { connection.begin(Self.greet(session, handOff.greeting), unread: handOff.unread) }
        } catch let error as Message.Malformed {
            return .failure(Fault(400, "handoff.malformed", "The hand-off is malformed: \(error.reason)."))
        } catch {
            return .failure(Fault(500, "handoff.failed", "The connection was not taken: \(error).", party: .instance))
        }
    }

    private func isPresented(_ presented: Token) -> Bool {
        guard let token else { return true }
        return Array(presented.hex.utf8).withUnsafeBytes { token.matches($0) }
    }

    private static func greet(_ session: Session, _ greeting: HandOff.Greeting) -> Reply {
        guard case .hello(let version) = greeting else { return .ok }
        session.version = version
        return CommandTable.greeting(session)
    }

    private static let wrongToken = Fault(
        421, "listener.token_required", "The hand-off carries the token of another generation.")
    private static let tooMany = Fault(
        503, "connections.too_many", "As many connections as allowed are open; close some.", party: .instance,
        retryAfter: .seconds(1))

    // MARK: - Idleness

    /// One timer, for the connection that has been silent longest.
    private func scheduleIdleCheck() {
        guard idleTimer == nil, let oldest = connections.values.map(\.lastActive).min() else { return }
        idleTimer = loop.schedule(at: oldest + settings.idle) { [unowned self] in
            idleTimer = nil
            let limit = loop.now
            for connection in Array(connections.values) where connection.lastActive + settings.idle <= limit {
                connection.close()
            }
            scheduleIdleCheck()
        }
    }

    private func tellIfDrained() {
        guard connections.isEmpty, let onDrained else { return }
        self.onDrained = nil
        loop.afterBatch(onDrained)
    }
}
