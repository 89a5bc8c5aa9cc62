import Glibc
import KeyValues
import Linux
import Nouns

/// One Redis client: reads commands, answers them in order, each when what it rests on is durable.
final class RESPConnection: EventHandler {
    /// Unsent replies beyond which no further command is read.
    static let outputMax = 1 << 20
    /// Reads in a row, so that others have their turn.
    private static let readsMax = 4

    let session: Session
    private(set) var lastActive: Instant
    private(set) var isClosed = false

    private unowned let server: RESPServer
    private let descriptor: Descriptor
    private var registration: EventLoop.Registration?
    private var interest: Readiness = .readable
    private var parser: RESPParser

    /// Replies that are not sent yet, or not dropped yet.
    private var output: [UInt8] = []
    /// Counts of bytes since the connection began: dropped from `output`, sent, allowed to be sent, and produced up to
    /// the last call of `release`.
    private var dropped = 0
    private var sent = 0
    private var released = 0
    private var marked = 0
    /// The socket takes no more for now.
    private var isBlocked = false
    /// No more is read: it ends behind the last reply.
    private var isEnding = false

    init(_ descriptor: Descriptor, of server: RESPServer, _ session: Session) throws(SystemError) {
        (self.descriptor, self.server, self.session) = (descriptor, server, session)
        parser = RESPParser(server.store.limits)
        lastActive = server.loop.now
        Socket.sendAtOnce(descriptor)
        _ = fcntl(descriptor.number, F_SETFL, fcntl(descriptor.number, F_GETFL) | O_NONBLOCK)
        registration = try server.loop.watch(descriptor.number, for: .readable, self)
    }

    /// Answers the greeting that brought it here, and takes what came behind it.
    func begin(_ greeting: Reply, unread: [UInt8]) {
        greeting.write(to: &output, version: session.version)
        unread.withUnsafeBytes { parser.take($0) }
        process()
    }

    func handle(_ readiness: Readiness) {
        lastActive = server.loop.now
        if readiness.contains(.failed) { return close() }
        if readiness.contains(.writable) { flush() }
        if isClosed { return }
        if isReading { read() } else if readiness.contains(.hangUp) { close() }
    }

    /// Takes what has come already, and ends behind the last reply.
    func drain() {
        if !isEnding { read() }
        guard !isClosed else { return }
        isEnding = true
        settle()
    }

    /// Takes no further command; ends behind the replies so far and a last one that says why.
    func end(_ reason: String) {
        guard !isClosed, !isEnding else { return }
        Reply.error(reason).write(to: &output, version: session.version)
        isEnding = true
        release()
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        if let registration { server.loop.unwatch(registration) }
        registration = nil
        descriptor.close()
        output = []
        server.closed(self)
    }

    // MARK: - In

    /// False behind the last command, and while too many replies wait.
    private var isReading: Bool { !isEnding && unsent < Self.outputMax }

    private func read() {
        for _ in 0..<Self.readsMax {
            let scratch = server.scratch
            let count = recv(descriptor.number, scratch.baseAddress, scratch.count, 0)
            if count > 0 {
                parser.take(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
                process()
                guard count == scratch.count, !isClosed, isReading else { return }
            } else if count == 0 {
                isEnding = true
                return settle()
            } else {
                if errno != EAGAIN, errno != EINTR { close() }
                return
            }
        }
    }

    private func process() {
        do throws(RESPParser.Malformed) {
            while isReading, let words = try parser.next() {
                let reply = server.run(words, for: session)
                reply.write(to: &output, version: session.version)
                isEnding = session.isEnding
            }
        } catch {
            Reply.error("ERR Protocol error: \(error.message)").write(to: &output, version: 2)
            isEnding = true
        }
        release()
    }

    // MARK: - Out

    private var produced: Int { dropped + output.count }
    private var unsent: Int { produced - sent }

    /// Lets the replies so far go when everything that has been accepted is durable.
    private func release() {
        guard produced > marked else { return settle() }
        marked = produced
        let mark = produced
        server.store.whenDurable { [self] in
            guard !isClosed else { return }
            released = mark
            flush()
        }
        if !isClosed { settle() }
    }

    private func flush() {
        isBlocked = false
        while sent < released, !isBlocked {
            let start = sent - dropped
            let count = output.withUnsafeBytes {
                send(descriptor.number, $0.baseAddress! + start, released - sent, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                isBlocked = true
            } else if errno != EINTR {
                return close()
            }
        }
        dropSent()
        // What was read before a pause is still to be carried out.
        if isReading, !parser.isIdle { process() } else { settle() }
    }

    private func dropSent() {
        let count = sent - dropped
        guard count > 0 else { return }
        if count == output.count {
            if output.capacity > 16 << 10 { output = [] } else { output.removeAll(keepingCapacity: true) }
        } else if count > 64 << 10 {
            output.removeFirst(count)
        } else {
            return
        }
        dropped = sent
    }

    /// Ends it when nothing is left to be sent; else watches for what it waits for.
    private func settle() {
        guard !isClosed else { return }
        if isEnding, unsent == 0 { return close() }
        var wanted: Readiness = []
        if isReading { wanted.insert(.readable) }
        if isBlocked { wanted.insert(.writable) }
        guard wanted != interest, let registration else { return }
        interest = wanted
        do throws(SystemError) {
            try server.loop.rewatch(registration, for: wanted)
        } catch {
            close()
        }
    }
}
