import CLinux
import Contracts
import Glibc
import Linux
import Nouns
import Routing

/// A Redis client that is not known yet: learns its project from AUTH, then goes over to the project's `bunder` with
/// all that it has already said.
///
/// What is encrypted cannot go over: there a pair of sockets is made, one end goes over, and the front carries bytes
/// between the other one and the client until both have ended.
final class RESPConnection: ByteStreamOwner, LeaseWaiter {
    /// Bytes that are read at once: with what is left of them the hand-over fits into one packet.
    private static let readMax = 16_384

    enum Phase {
        /// Commands are read. Leaves to `waiting` by a valid AUTH, to `closed` by anything excessive.
        case greeting
        /// For the lease. Leaves to `handing`.
        case waiting(HandOff.Greeting)
        /// The connection is on its way. Leaves to `closed`, or to `relaying`.
        case handing(HandOffAttempt)
        /// The front is in the middle. Leaves to `closed`.
        case relaying(RESPRelay)
        case closed
    }

    let number: LeaseBook.Waiter
    private(set) var instance = InstanceID(.shared, .bunder)
    private(set) var gauge: ProjectGauge?
    private(set) var use: LeaseBook.Use?
    private(set) var deadline: Instant?
    private let front: Front
    let stream: ByteStream
    private var phase = Phase.greeting
    /// What it showed; the key may be changed before it has gone over.
    private var credentials: (name: String, key: ProjectKey)?
    private var inbox: [UInt8] = []
    private var share: MemoryShare
    private var commands = 0

    init(_ stream: ByteStream, _ front: Front) {
        (self.stream, self.front) = (stream, front)
        share = MemoryShare(of: front.memory)
        number = front.nextNumber()
        stream.owner = self
        setDeadline(after: front.settings.limits.headTimeout)
    }

    /// Nothing is lost when it is closed now.
    var isIdle: Bool { if case .greeting = phase { true } else { false } }

    /// The front is shutting down: ends what loses nothing, and what has no end of its own.
    func drain() {
        switch phase {
        case .greeting, .relaying: cut()
        case .waiting, .handing, .closed: break
        }
    }

    // MARK: Events

    func streamIsReadable() {
        while isIdle, stream.isOpen, stream.isReadable || stream.hasEnded {
            let buffer = UnsafeMutableRawBufferPointer(rebasing: front.scratch.buffer[..<Self.readMax])
            switch stream.read(into: buffer) {
            case .bytes(let count):
                inbox += buffer[..<count]
                readCommands()
                share.set(inbox.count)
            case .nothing: return
            case .end, .failed: return cut()
            }
        }
    }

    func streamDrained() {}
    func streamHungUp() { cut() }

    private func readCommands() {
        while isIdle {
            switch inbox.withUnsafeBytes({ RESPGreeting.read($0) }) {
            case .incomplete: return
            case .broken(let reply): return end(reply)
            case .command(let command, let length):
                inbox.removeFirst(length)
                commands += 1
                answer(command)
                if isIdle, commands >= RESPGreeting.commandsMax {
                    return end("-ERR too many commands before AUTH\r\n")
                }
            }
        }
    }

    private func answer(_ command: RESPGreeting.Command) {
        switch command {
        case .auth(let project, let key): authenticate(project, key, .auth)
        case .hello(let version, let project, let key): authenticate(project, key, .hello(version: version))
        case .quit: end("+OK\r\n")
        case .refused(let reply): say(reply)
        }
    }

    private func authenticate(_ name: String, _ key: String, _ greeting: HandOff.Greeting) {
        guard let key = ProjectKey(key), let entry = front.keys.entry(named: name, key) else {
            return say(front.keys.isKnown ? RESPGreeting.wrongPass : Self.error(.keysUnavailable))
        }
        do throws(Fault) {
            try front.admitAtOnce(entry)
        } catch {
            return end(Self.error(error))
        }
        (instance, gauge) = (InstanceID(entry.id, .bunder), entry.gauge)
        credentials = (name, key)
        phase = .waiting(greeting)
        let limit = front.loop.now + front.settings.limits.waitMax
        // The lease's own limit comes first; this one is for the hand-over.
        setDeadline(after: front.settings.limits.waitMax + HandOffAttempt.answerMax * 2)
        front.want(self, deadline: limit)
    }

    /// Ends it when its key opens the project no more, wherever on its way it is.
    func keysChanged() {
        guard let (name, key) = credentials, front.keys.entry(named: name, key)?.id != instance.project else { return }
        switch phase {
        // The instance ends those that have gone over.
        case .greeting, .relaying, .closed: return
        case .waiting: end(RESPGreeting.wrongPass)
        case .handing(let attempt): attempt.disconnect(RESPGreeting.wrongPass)
        }
    }

    // MARK: The lease

    func proceed(_ use: LeaseBook.Use, wake: Duration?) {
        self.use = use
        guard case .waiting(let greeting) = phase else { return cut() }
        guard let path = use.endpoint.handOff, let token = use.endpoint.token else {
            return end("-ERR the project's process takes no Redis connections\r\n")
        }
        let handOff = HandOff(token: token, greeting: greeting, unread: inbox)
        inbox = []
        share.set(0)
        let attempt: HandOffAttempt
        if stream.isSecure {
            guard let (own, others) = try? Socket.pair(.stream) else { return end(Self.error(.noRoom)) }
            attempt = HandOffAttempt(handOff, others, to: path, on: front.loop) { [self] outcome, descriptor in
                descriptor.close()
                switch outcome {
                case .taken: relay(own)
                case .refused(let fault): end(Self.error(fault))
                }
            }
        } else {
            attempt = HandOffAttempt(handOff, stream.release(), to: path, on: front.loop) {
                [self] outcome, descriptor in
                if case .refused(let fault) = outcome { Self.say(Self.error(fault), to: descriptor) }
                descriptor.close()
                conclude()
            }
        }
        phase = .handing(attempt)
        attempt.begin()
    }

    /// The instance has the other end of the pair.
    private func relay(_ own: Descriptor) {
        guard stream.isOpen, let instance = try? ByteStream(own, on: front.loop) else { return finish() }
        instance.memory = front.memory
        deadline = nil
        // The instance counts it from here on.
        front.ended(self)
        (use, gauge) = (nil, nil)
        let relay = RESPRelay(client: stream, instance: instance, front) { [self] in conclude() }
        phase = .relaying(relay)
        relay.begin()
    }

    func refuse(_ fault: Fault) { end(Self.error(fault)) }
    func abort(_ fault: Fault) {
        if case .handing(let attempt) = phase { attempt.fail(fault) } else { end(Self.error(fault)) }
    }

    // MARK: Ending

    private func say(_ reply: String) {
        guard !reply.isEmpty, stream.isOpen else { return }
        // Replies are few and short: a client that does not read them is not worth a queue.
        if !stream.send(Array(reply.utf8)) || stream.isBlocked { cut() }
    }

    private func end(_ reply: String) {
        say(reply)
        if case .closed = phase { return }
        if case .handing = phase { finish() } else { cut() }
    }

    func cut() {
        switch phase {
        case .closed: return
        case .handing(let attempt): return attempt.fail(.revoked)
        case .relaying(let relay): return relay.end()
        case .greeting, .waiting: finish()
        }
    }

    private func finish() {
        if stream.isOpen {
            stream.shutDownSending()
            stream.close()
        }
        conclude()
    }

    private func conclude() {
        let last = phase
        phase = .closed
        share.set(0)
        deadline = nil
        if case .waiting = last, use == nil { front.giveUp(self) }
        switch last {
        case .greeting, .relaying, .closed: break
        case .waiting, .handing: front.ended(self)
        }
        use = nil
        front.closed(self)
    }

    func expire(at now: Instant) {
        guard let deadline, deadline <= now else { return }
        self.deadline = nil
        if isIdle { end("-ERR AUTH did not come in time\r\n") } else { cut() }
    }

    private func setDeadline(after duration: Duration) {
        let moment = front.loop.now + duration
        deadline = moment
        front.sweep(by: moment)
    }

    static func error(_ fault: Fault) -> String { "-ERR \(fault.message) (\(fault.code))\r\n" }

    private static func say(_ reply: String, to descriptor: Descriptor) {
        let bytes = Array(reply.utf8)
        _ = Glibc.send(descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }
}
