import CLinux
import Contracts
import Glibc
import Linux
import Nouns
import Routing

/// A Redis client that is not known yet: learns its project from AUTH, then goes over to the project's `bunder` with
/// all that it has already said.
final class RESPConnection: ByteStreamOwner, LeaseWaiter {
    /// Bytes that are read at once: with what is left of them the hand-over fits into one packet.
    private static let readMax = 16_384

    enum Phase {
        /// Commands are read. Leaves to `waiting` by a valid AUTH, to `closed` by anything excessive.
        case greeting
        /// For the lease. Leaves to `handing`.
        case waiting(HandOff.Greeting)
        /// The connection is on its way. Leaves to `closed`.
        case handing(HandOffAttempt)
        case closed
    }

    let number: LeaseBook.Waiter
    private(set) var instance = InstanceID(.shared, .bunder)
    private(set) var gauge: ProjectGauge?
    private(set) var use: LeaseBook.Use?
    private(set) var deadline: Instant?
    private let front: Front
    private let stream: ByteStream
    private var phase = Phase.greeting
    /// What it showed; the key may be changed before it has gone over.
    private var credentials: (name: String, key: ProjectKey)?
    private var inbox: [UInt8] = []
    private var commands = 0

    let address: ClientAddress?

    init(_ stream: ByteStream, _ address: ClientAddress?, _ front: Front) {
        (self.stream, self.address, self.front) = (stream, address, front)
        number = front.nextNumber()
        stream.owner = self
        setDeadline(after: front.settings.limits.headTimeout)
    }

    /// Nothing is lost when it is closed now.
    var isIdle: Bool { if case .greeting = phase { true } else { false } }

    /// Turns a connection away for which there is no room.
    static func refuse(_ descriptor: Descriptor, _ fault: Fault) { say(Self.error(fault), to: descriptor) }

    // MARK: Events

    func streamIsReadable() {
        while isIdle, stream.isOpen, stream.isReadable || stream.hasEnded {
            let buffer = UnsafeMutableRawBufferPointer(rebasing: front.scratch.buffer[..<Self.readMax])
            switch stream.read(into: buffer) {
            case .bytes(let count):
                inbox += buffer[..<count]
                readCommands()
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
        case .greeting, .closed: return
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
        let attempt = HandOffAttempt(handOff, stream.release(), to: path, on: front.loop) {
            [self] outcome, descriptor in
            if case .refused(let fault) = outcome { Self.say(Self.error(fault), to: descriptor) }
            descriptor.close()
            conclude()
        }
        phase = .handing(attempt)
        attempt.begin()
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
        cut()
    }

    func cut() {
        switch phase {
        case .closed: return
        case .handing(let attempt): return attempt.fail(.revoked)
        case .greeting, .waiting:
            if stream.isOpen {
                stream.shutDownSending()
                stream.close()
            }
            conclude()
        }
    }

    private func conclude() {
        let last = phase
        phase = .closed
        deadline = nil
        if case .waiting = last, use == nil { front.giveUp(self) }
        if case .greeting = last {} else { front.ended(self) }
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

    private static func error(_ fault: Fault) -> String { "-ERR \(fault.message) (\(fault.code))\r\n" }

    private static func say(_ reply: String, to descriptor: Descriptor) {
        let bytes = Array(reply.utf8)
        _ = Glibc.send(descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }
}
