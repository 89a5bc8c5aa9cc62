import Contracts
import HTTP
import Linux
import Nouns
import Routing

/// A connection to an instance: carries one exchange after the other, and waits in the pool in between.
final class UpstreamConnection: ByteStreamOwner {
    /// Reads in a row before others have their turn.
    private static let readsMax = 16
    /// Of an answer's head.
    static let headLimits = HeadLimits(bytesMax: 32_768, fieldsMax: 256)

    let pool: UpstreamPools.Pool
    let stream: ByteStream
    /// Carried an exchange before.
    private(set) var isReused = false
    /// Nil in the pool.
    private(set) var exchange: Exchange?
    private let front: Front
    /// The beginning of a head whose end is not there yet.
    private var partial: [UInt8] = []
    private var share: MemoryShare
    private var isPumpDue = false

    init(_ stream: ByteStream, from pool: UpstreamPools.Pool, _ front: Front) {
        (self.stream, self.pool, self.front) = (stream, pool, front)
        share = MemoryShare(of: front.memory)
        stream.owner = self
    }

    func begin(_ exchange: Exchange) { self.exchange = exchange }

    /// The exchange is over and the connection can carry another one.
    func end() {
        exchange = nil
        isReused = true
    }

    func close() {
        exchange = nil
        partial = []
        share.set(0)
        stream.close()
    }

    func streamConnected(_ error: Int32) {
        if error != 0 { exchange?.connectFailed(error) }
    }

    func streamIsReadable() { pump() }
    func streamDrained() { exchange?.upstreamDrained() }
    // Reading met the end already, or will: what the instance said before it died counts.
    func streamHungUp() { pump() }

    /// Reads on once the client has taken what came before. Not from within a read: the scratch buffer is in use.
    func pumpSoon() {
        guard !isPumpDue, stream.isOpen else { return }
        isPumpDue = true
        front.later { [self] in
            isPumpDue = false
            pump()
        }
    }

    private func pump() {
        var reads = 0
        while stream.isOpen, stream.isReadable || stream.hasEnded, exchange?.canTakeAnswer ?? true {
            reads += 1
            guard reads <= Self.readsMax else { return pumpSoon() }
            switch stream.read(into: front.scratch.buffer) {
            case .bytes(let count): take(front.scratch.prefix(count))
            case .nothing: return
            case .end, .failed: return ended()
            }
        }
    }

    private func ended() {
        if let exchange { exchange.upstreamEnded() } else { front.pools.drop(self) }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        // An answer that nobody asked for: whoever says such things gets no more requests.
        guard let exchange else { return front.pools.drop(self) }
        guard exchange.awaitsHead else { return exchange.receivedBody(bytes) }
        guard !partial.isEmpty else {
            return takeHeads(bytes, exchange)
        }
        let joined = partial + bytes
        partial = []
        share.set(0)
        joined.withUnsafeBytes { takeHeads($0, exchange) }
    }

    /// Finds heads, interim ones first, and hands what is behind the last one over as its body. The beginning of one
    /// that is not whole is kept and read again: instances are few that send a head in pieces, and none is long.
    private func takeHeads(_ bytes: UnsafeRawBufferPointer, _ exchange: Exchange) {
        var rest = bytes
        while self.exchange === exchange {
            front.responseScanner.reset()
            do {
                guard try front.responseScanner.scan(rest, answering: exchange.method) else {
                    partial = Array(rest)
                    share.set(partial.count)
                    return
                }
            } catch {
                return exchange.answerMalformed()
            }
            let head = front.responseScanner.head
            let behind = UnsafeRawBufferPointer(rebasing: rest[head.length...])
            guard head.isInterim else { return exchange.receivedHead(head, rest, body: behind) }
            exchange.receivedInterim(head, rest)
            rest = behind
        }
    }
}
