import CLinux
import Glibc
import HTTP
import Linux
import Nouns

/// Serves HTTP/1.1 on given listeners, on one event loop.
///
/// Bodies are read whole before the handler is called; a connection has one request under way at a time, and answers
/// pipelined ones in order. A connection that waits for its next request owns no buffer. The loop keeps a server alive
/// from `listen` until it is drained.
package final class HTTPServer {
    package typealias Handler = (Request, Responder) -> Void

    /// What a server takes at most.
    package struct Limits: Hashable, Sendable {
        /// Open connections; a further one is answered 503 and closed.
        package var connectionsMax = 1_024
        /// Of a request: 414 or 431 beyond.
        package var head = HeadLimits()
        /// Bytes of a request's body; 413 beyond.
        package var bodyMax = 1 << 20
        /// From a request's first byte to the end of its head; 408 beyond.
        package var headTimeout = Duration.seconds(10)
        /// Without a byte while a body is read (408 beyond) or an answer is written (closed beyond).
        package var bodyTimeout = Duration.seconds(30)
        /// Between two requests; then the connection is closed. More than the front keeps its own (30 s), so that the
        /// front is the one to close.
        package var idleTimeout = Duration.seconds(90)
        /// Bytes of a stream that its client has not read; beyond, it is cut off.
        package var waitingMax = 1 << 20

        package init() {}
    }

    /// Who may speak on a listener, beyond what its socket's file lets in. Checked before a handler is called.
    package enum Access: Hashable, Sendable {
        /// Whoever reaches it and, where the server has a token, presents it: 421 `listener.token_required` else.
        case token
        /// Processes of this process's user, of root, or of the group `services`: 403 `peer.not_allowed` else. Unix
        /// sockets only.
        case operators
        /// Requests whose `Host` is a name of this machine's loopback: 421 `host.not_loopback` else, so that a page
        /// from elsewhere cannot make a browser ask (DNS rebinding).
        case loopback
    }

    /// Connections read before others have their turn.
    static let requestsInARow = 32
    /// How long a drained server waits for the first request of a connection that it has just accepted, and a
    /// refused client may go on sending before its connection is closed.
    static let grace = Duration.seconds(1)

    package let limits: Limits
    /// The group of the cluster's services, where each has a user of its own; set before `listen`.
    package var services: UInt32?
    /// Called when a connection has come or gone.
    package var onConnectionsChanged: (() -> Void)?

    let loop: EventLoop
    let token: Token?
    let handler: Handler
    private(set) var isDraining = false
    /// Where all connections read to; what they must keep they copy.
    private(set) var scratch = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private static let scratchSize = 16_384

    private var listeners: [(listener: Listener, access: Access)] = []
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    private var onDrained: (() -> Void)?
    private var dateSecond: Int64 = -1
    private var dateBytes: [UInt8] = []

    /// `token`: what requests on `Access.token` listeners must carry; nil asks for none.
    package init(
        on loop: EventLoop, limits: Limits = Limits(), token: Token? = nil, _ handler: @escaping Handler
    ) {
        (self.loop, self.limits, self.token, self.handler) = (loop, limits, token, handler)
    }

    deinit { scratch.deallocate() }

    package var connectionCount: Int { connections.count }

    /// Accepts on a listening socket from now on.
    package func listen(on descriptor: Descriptor, _ access: Access) throws(SystemError) {
        let listener = try Listener(descriptor, on: loop) { [self] in accept($0, access) }
        listeners.append((listener, access))
    }

    /// Stops in an orderly way: takes what waits at the listeners, finishes what is under way, ends streams, closes
    /// each connection behind its last answer, then calls `whenDone` from the loop.
    package func drain(_ whenDone: @escaping () -> Void) {
        guard !isDraining else { return }
        isDraining = true
        onDrained = whenDone
        for (listener, access) in listeners {
            while case .some(.some(let waiting)) = try? Socket.accept(from: listener.descriptor) {
                accept(waiting, access)
            }
            listener.close()
        }
        listeners = []
        for connection in Array(connections.values) { connection.drain() }
        tellIfDrained()
    }

    /// Stops at once: closes the listeners and all connections; who waits for an answer gets none.
    package func close() {
        for (listener, _) in listeners { listener.close() }
        listeners = []
        for connection in Array(connections.values) { connection.close() }
    }

    private func accept(_ descriptor: Descriptor, _ access: Access) {
        var peer: PeerCredentials?
        if access == .operators {
            peer = try? PeerCredentials(of: descriptor)
            guard let peer, peer.isOurs(services) else { return refuse(descriptor, Self.notAllowed) }
        }
        guard connections.count < limits.connectionsMax else { return refuse(descriptor, Self.tooMany) }
        do throws(SystemError) {
            let connection = try HTTPConnection(descriptor, of: self, access, peer)
            connections[ObjectIdentifier(connection)] = connection
            onConnectionsChanged?()
            // Usually the request is there already: this saves a turn of the loop.
            connection.begin()
        } catch {
            refuse(descriptor, Self.tooMany)
        }
    }

    private static let notAllowed = Fault(
        403, "peer.not_allowed", "This socket serves processes of its own user and of root only.")
    private static let tooMany = Fault(
        503, "connections.too_many", "As many connections as allowed are open; try again.", party: .instance,
        retryAfter: .seconds(1))

    /// Answers as far as the socket takes it at once, and closes.
    private func refuse(_ descriptor: Descriptor, _ fault: Fault) {
        let bytes = FaultBody.response(fault, closes: true)
        _ = send(descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        _ = shutdown(descriptor.number, Int32(SHUT_WR))
        descriptor.close()
    }

    /// Reads what has come on a connection into `scratch`.
    func receive(_ descriptor: Int32) -> Int {
        if scratch.isEmpty { scratch = .allocate(byteCount: Self.scratchSize, alignment: 16) }
        return recv(descriptor, scratch.baseAddress, scratch.count, 0)
    }

    /// Whether less than a full read came: then the socket is empty for now.
    func isLast(_ count: Int) -> Bool { count < Self.scratchSize }

    func closed(_ connection: HTTPConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        onConnectionsChanged?()
        tellIfDrained()
    }

    private func tellIfDrained() {
        guard isDraining, connections.isEmpty, let onDrained else { return }
        self.onDrained = nil
        loop.afterBatch(onDrained)
    }

    /// The `Date` field's value, made once a second at most.
    func date() -> [UInt8] {
        let second = Int64(time(nil))
        if second != dateSecond {
            dateSecond = second
            dateBytes.removeAll(keepingCapacity: true)
            HTTPDate.append(seconds: second, to: &dateBytes)
        }
        return dateBytes
    }
}
