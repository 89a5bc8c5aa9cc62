import CLinux
import Contracts
import Glibc
import HTTP
import HTTP2
import Linux
import Nouns
import Routing
import TLS
import Telemetry

/// One loop's data path: accepts clients, finds out whose requests they send, waits for leases, forwards.
///
/// Owns everything that the connections of its loop share; nothing is shared between loops.
package final class Front: LoopWork {
    /// Connections that have their turn before the loop looks for events again.
    private static let turnsMax = 32

    /// How long clients without a request may still send one while the front leaves.
    package static let drainGrace = Duration.seconds(1)

    package let loop: EventLoop
    /// Told when the last connection has gone, and when the first one comes.
    package var onIdle: ((Bool) -> Void)?
    /// Told when the supervisor's settings hold, and again when others do.
    package var onConfigured: (() -> Void)?
    /// Told when certificates were read: when each expires, seconds since 1970, by name.
    package var onCertificates: (([String: Int64]) -> Void)?
    /// Told once when `drain` is done.
    package var onDrained: (() -> Void)?
    package private(set) var isDraining = false

    let commons: FrontCommons
    let scratch = Scratch()
    /// A head on its way out with what came behind it: filled and emptied within one call.
    let output = OutputBuffer(capacity: 16_384)
    /// A body's bytes in the form in which they go on, likewise.
    let piece = OutputBuffer(capacity: 16_384)
    /// The fields of an HTTP/2 answer, likewise.
    let answerFields = HTTP2Fields()
    /// The certificates; nil while there are none.
    var tls: TLSContext?
    let tickets: TicketKeys
    /// Certificates' files that the supervisor opened for this front, by their paths, until they are read.
    var openedFiles: [String: Descriptor] = [:]
    /// Handshakes that are under way.
    var handshakes = 0
    var exchanges = ExchangePool()
    /// Connections with something to read, between projects in turn.
    var ready = FairQueue()
    /// Connections that have not asked for anything yet.
    let strangers = FairQueue.Lane()
    var responseScanner = ResponseScanner(UpstreamConnection.headLimits)
    var settings = FrontSettings()
    var keys: KeyTable
    var requestIDs: RequestIDs
    var traces: SplitMix64
    var requestScanner = RequestScanner(HeadLimits())
    var pools = UpstreamPools()
    var ledger = TrafficLedger()
    /// Requests answered, for the access log's share.
    var requestCount: UInt64 = 0
    /// Nil where nobody gave it a place.
    var accessFile: AccessFile?
    var book: LeaseBook
    var tokens = TokenBook()
    /// Requests whose token is being checked.
    var verifying: [TokenBook.Waiter: Exchange] = [:]
    var room = WaitingRoom()
    /// Requests in the waiting room.
    var queued: [WaitingRoom.Waiter: Exchange] = [:]
    var roomTimer: TimerHeap.ID?
    var isRoomDue = false
    let memory = MemoryGauge()
    var addresses = ClientTable(countMax: FrontLimits().connectionsMax)
    var waiters: [LeaseBook.Waiter: any LeaseWaiter] = [:]
    var supervisor: Channel?
    var platform: Channel?
    var sweepTimer: TimerHeap.ID?
    var sweepMoment = Instant.distantFuture
    private(set) var clients: [any ClientPresence] = []
    private(set) var redisClients: [ObjectIdentifier: RESPConnection] = [:]
    private var lastNumber: LeaseBook.Waiter = 0
    private var listeners: [Listener] = []
    private var isHurried = false

    /// - Parameters:
    ///   - session: random; names this front to the supervisor and in request ids.
    ///   - commons: what the loops of one program share.
    package init(on loop: EventLoop, session: UInt64, commons: FrontCommons = FrontCommons()) {
        (self.loop, self.commons) = (loop, commons)
        keys = KeyTable(gauges: commons.gauges)
        tickets = TicketKeys(secret: commons.ticketSecret, from: commons.start)
        requestIDs = RequestIDs(session: session)
        traces = SplitMix64(seed: session)
        book = LeaseBook(session: session, linger: FrontLimits().linger)
        loop.work = self
    }

    deinit { if loop.work === self { loop.work = nil } }

    // MARK: Turns

    package var isWaiting: Bool { !ready.isEmpty }

    /// Lets some of those that are ready have their turn: few enough that events of other projects come into the queue
    /// before a flood is worked off.
    package func doSome() {
        for _ in 0..<Self.turnsMax {
            guard let next = ready.take() else { return }
            next.run()
        }
    }

    // MARK: Listening

    /// Writes the access log, as far as the settings want one, to the file of that path.
    package func logAccess(to path: String) { accessFile = AccessFile(path: path, on: loop) }

    /// Accepts clients on a listening socket.
    package func listen(on descriptor: Descriptor, for speech: Traffic.Speech) throws(SystemError) {
        guard !isDraining else { return }
        listeners.append(try Listener(descriptor, on: loop) { [unowned self] in welcome($0, speech) })
    }

    /// Bytes that wait in memory for slow clients.
    package var keptForClients: Int { clients.reduce(0) { $0 + $1.keptCount } }

    /// Bytes that count against `FrontLimits.memoryMax`.
    package var memoryKept: Int { memory.bytes }

    /// Requests and Redis clients that wait for a lease or use one.
    package var waitingCount: Int { exchanges.activeCount + waiters.values.count { !($0 is Exchange) } }

    /// Clients' connections.
    package var connectionCount: Int { clients.count + redisClients.count }

    func join(_ client: any ClientPresence) {
        client.place = clients.count
        clients.append(client)
        joined()
    }

    /// The same connection goes on as another.
    func replace(_ client: any ClientPresence, by other: any ClientPresence) {
        clients[client.place] = other
        other.place = client.place
    }

    func join(_ client: RESPConnection) {
        redisClients[ObjectIdentifier(client)] = client
        joined()
    }

    /// The same connection goes on as a Redis client's.
    func replace(_ client: any ClientPresence, by other: RESPConnection) {
        remove(client)
        redisClients[ObjectIdentifier(other)] = other
    }

    private func joined() { if connectionCount == 1 { onIdle?(false) } }

    func closed(_ client: any ClientPresence) {
        remove(client)
        left(client.stream.address)
    }

    private func remove(_ client: any ClientPresence) {
        let last = clients.removeLast()
        if last !== client {
            clients[client.place] = last
            last.place = client.place
        }
    }

    func closed(_ client: RESPConnection) {
        redisClients[ObjectIdentifier(client)] = nil
        left(client.stream.address)
    }

    private func left(_ address: ClientAddress?) {
        leavePlace(address)
        guard connectionCount == 0 else { return }
        onIdle?(true)
        if isDraining { finishDrain() }
    }

    func keysChanged() {
        guard !redisClients.isEmpty else { return }
        for client in Array(redisClients.values) { client.keysChanged() }
    }

    // MARK: Exchanges

    func nextNumber() -> LeaseBook.Waiter {
        lastNumber += 1
        return lastNumber
    }

    /// A waiter is done: its lease and its place are free again.
    func ended(_ waiter: any LeaseWaiter) {
        waiter.gauge?.leave()
        if !room.isEmpty { admitWaitingSoon() }
        guard let use = waiter.use else { return }
        let actions = book.ended(use, at: loop.now)
        if !actions.isEmpty { perform(actions) }
        sweep(by: loop.now + settings.limits.linger)
    }

    // MARK: Upstreams

    func upstream(
        _ use: LeaseBook.Use, isFresh: Bool, isCareful: Bool
    ) throws(SystemError) -> UpstreamConnection {
        if !isFresh, let pooled = pools.take(use, isCareful: isCareful) { return pooled }
        let stream = try stream(to: use.endpoint)
        stream.memory = memory
        return UpstreamConnection(stream, from: pools.pool(use.generation), self)
    }

    /// By the unix socket where there is one; by the port beside it when someone deleted the socket's file.
    private func stream(to endpoint: Endpoint) throws(SystemError) -> ByteStream {
        if let path = endpoint.unix {
            do throws(SystemError) {
                return try ByteStream(try Socket.connect(to: path, .stream), on: loop)
            } catch {
                guard error.code == ENOENT else { throw error }
            }
        }
        let descriptor = try Socket.connect(to: .loopback(port: endpoint.port))
        Socket.sendAtOnce(descriptor)
        Socket.sendUnpaced(descriptor)
        return try ByteStream(descriptor, on: loop, isConnecting: true)
    }

    /// Puts a connection into the pool, as long as its generation is leased.
    func keep(_ upstream: UpstreamConnection) {
        let limits = settings.limits
        pools.put(upstream, at: loop.now, max: limits.upstreamsPerInstanceMax)
        sweep(by: loop.now + limits.upstreamIdle)
    }

    // MARK: Draining

    /// Stops accepting, lets what is under way finish, then calls `onDrained`. `drain` may follow.
    ///
    /// A client that keeps its connection may have its next request on the way already: whenever that comes, it is
    /// answered, and told to close. Nothing that is under way is cut, however long it takes.
    package func leave() {
        guard !isDraining else { return }
        isDraining = true
        for listener in listeners { listener.close() }
        listeners = []
        guard connectionCount > 0 else { return finishDrain() }
        for client in clients { client.leave() }
    }

    /// The same in a hurry: clients that say nothing for `drainGrace` have their connections closed, and streams
    /// without an end of their own are then cut.
    package func drain() {
        guard !isHurried else { return }
        isHurried = true
        leave()
        guard connectionCount > 0 else { return }
        loop.schedule(after: Self.drainGrace) { [weak self] in self?.endResting() }
    }

    private func endResting() {
        for client in Array(clients) { client.drain() }
        for client in Array(redisClients.values) { client.drain() }
    }

    private func finishDrain() {
        accessFile?.write()
        exchanges.dropSpare()
        pools.forgetAll()
        let told = onDrained
        onDrained = nil
        told?()
    }

    /// Runs something in the next turn of the loop, when others have had theirs.
    func later(_ action: @escaping () -> Void) {
        loop.schedule(at: loop.now + .nanoseconds(1), action)
    }
}
