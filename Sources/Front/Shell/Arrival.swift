import Contracts
import HTTP
import Linux
import Nouns
import Routing
import TLS
import Telemetry

/// A connection on which no request can come yet: reads a proxy's header where one is due, shakes hands where
/// connections are encrypted, then leaves the stream to whom its protocol needs.
final class Arrival: ByteStreamOwner, ClientPresence {
    enum Phase {
        /// A proxy's header is awaited. Leaves to `shaking`, or ends.
        case introducing
        /// Hands are shaken. Ends with the handshake.
        case shaking
        case over
    }

    let stream: ByteStream
    private(set) var dueMoment: Instant?
    var place = 0
    private let front: Front
    private let speech: Traffic.Speech
    private let peer: IPAddress?
    private var client: IPAddress?
    private var phase: Phase

    /// - Parameter isIntroduced: a proxy's header comes first.
    init(
        _ stream: ByteStream, _ speech: Traffic.Speech, from peer: IPAddress?, isIntroduced: Bool, _ front: Front
    ) {
        (self.stream, self.front, self.speech) = (stream, front, speech)
        (self.peer, client) = (peer, peer)
        phase = isIntroduced ? .introducing : .shaking
        stream.owner = self
        let settings = front.settings
        let limit = isSecure ? settings.tls.handshakeTimeout : settings.limits.headTimeout
        dueMoment = front.loop.now + limit
        front.sweep(by: front.loop.now + limit)
    }

    private var isSecure: Bool { speech == .https || speech == .resps }

    var keptCount: Int { 0 }

    /// Goes as far as what is there allows.
    func begin() {
        if case .introducing = phase { readHeader() } else { startShaking() }
    }

    // MARK: The proxy's header

    private func readHeader() {
        let buffer = front.scratch.buffer
        switch stream.peek(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<ProxyHeader.lengthMax])) {
        case .nothing: return
        case .end, .failed: return cut()
        case .bytes(let count):
            switch ProxyHeader.read(front.scratch.prefix(count)) {
            case .incomplete:
                if count == ProxyHeader.lengthMax || stream.isEndDue { cut() }
            case .malformed: cut()
            case .found(let length, let client):
                stream.drop(length, using: buffer)
                introduced(client)
            }
        }
    }

    /// The connection counts as the client's from here on; as nobody's when the proxy speaks for itself.
    private func introduced(_ client: IPAddress?) {
        self.client = client ?? peer
        do throws(Fault) {
            stream.address = try front.count(client)
        } catch {
            _ = stream.send(Front.refusal(error, speech))
            return cut()
        }
        startShaking()
    }

    // MARK: The handshake

    private func startShaking() {
        guard isSecure else { return leave(to: .http1) }
        guard let context = front.tls, front.beginHandshake() else { return cut() }
        phase = .shaking
        do throws(TLSError) {
            try stream.secure(context, offering: offered)
        } catch {
            return cut()
        }
        shake()
    }

    /// Redis has no name among application protocols.
    private var offered: [TLSSession.ApplicationProtocol] {
        if speech == .resps { return [] }
        return front.settings.http2.isEnabled ? [.http2, .http1] : [.http1]
    }

    private func shake() {
        switch stream.shake() {
        case .wait: return
        case .failed: cut()
        case .done:
            front.ledger.recordHandshake(stream.handshake)
            leave(to: stream.applicationProtocol ?? .http1)
        }
    }

    private func leave(to spoken: TLSSession.ApplicationProtocol) {
        end()
        if speech == .resp || speech == .resps {
            let connection = RESPConnection(stream, front)
            front.replace(self, by: connection)
            return connection.streamIsReadable()
        }
        let origin = Forwarding(of: client, isSecure: isSecure)
        switch spoken {
        case .http1:
            let connection = ClientConnection(stream, front, from: origin)
            front.replace(self, by: connection)
            connection.streamIsReadable()
        case .http2:
            let connection = HTTP2Connection(stream, front, from: origin)
            front.replace(self, by: connection)
            connection.streamIsReadable()
        }
    }

    // MARK: Events

    func streamIsReadable() {
        switch phase {
        case .introducing: readHeader()
        case .shaking: shake()
        case .over: break
        }
    }

    func streamDrained() {}
    func streamHungUp() { cut() }

    // MARK: Ending

    func expire(at now: Instant) { if let dueMoment, dueMoment <= now { cut() } }

    /// Its first request will be answered.
    func leave() {}
    func drain() { cut() }

    func cut() {
        if case .over = phase { return }
        if case .shaking = phase, stream.isSecure { front.ledger.recordFailedHandshake() }
        end()
        stream.close()
        front.closed(self)
    }

    private func end() {
        if case .shaking = phase, stream.isSecure { front.endHandshake() }
        phase = .over
        dueMoment = nil
    }
}
