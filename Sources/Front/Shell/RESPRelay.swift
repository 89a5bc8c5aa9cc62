import Linux

/// Carries a Redis client's bytes to its instance and the answers back, where the client's connection is encrypted.
///
/// Reads from one side only while the other one takes what came before: at most one read is kept for each.
final class RESPRelay {
    /// Reads in a row before others have their turn.
    private static let readsMax = 4

    /// One side of it.
    private final class Side: ByteStreamOwner {
        let stream: ByteStream
        private unowned let relay: RESPRelay
        /// Sends no more, and the other side has been told so.
        var hasEnded = false
        var isPumpDue = false

        init(_ stream: ByteStream, of relay: RESPRelay) { (self.stream, self.relay) = (stream, relay) }

        func streamIsReadable() { relay.pump(self) }
        func streamDrained() { relay.drained(self) }
        // What it said before is still passed on.
        func streamHungUp() { relay.pump(self) }
    }

    private let front: Front
    private var client: Side!
    private var instance: Side!
    private var onEnd: (() -> Void)?

    /// - Parameter onEnd: called once, when both streams are closed.
    init(client: ByteStream, instance: ByteStream, _ front: Front, _ onEnd: @escaping () -> Void) {
        (self.front, self.onEnd) = (front, onEnd)
        (self.client, self.instance) = (Side(client, of: self), Side(instance, of: self))
    }

    func begin() {
        (client.stream.owner, instance.stream.owner) = (client, instance)
        pump(client)
        pump(instance)
    }

    private func other(_ side: Side) -> Side { side === client ? instance : client }

    /// Passes on what a side has said.
    private func pump(_ side: Side) {
        let other = other(side)
        var reads = 0
        while onEnd != nil, !side.hasEnded, !other.stream.isBlocked, side.stream.isReadable || side.stream.hasEnded {
            reads += 1
            guard reads <= Self.readsMax else { return pumpSoon(side) }
            switch side.stream.read(into: front.scratch.buffer) {
            case .bytes(let count): if !other.stream.send(front.scratch.prefix(count)) { return end() }
            case .nothing: return
            case .end:
                side.hasEnded = true
                if side === instance { return end() }
                // What it has asked for is still answered.
                other.stream.shutDownSending()
            case .failed: return end()
            }
        }
    }

    private func pumpSoon(_ side: Side) {
        guard !side.isPumpDue else { return }
        side.isPumpDue = true
        front.later { [self] in
            side.isPumpDue = false
            pump(side)
        }
    }

    /// A side has taken all that was kept for it.
    private func drained(_ side: Side) { pump(other(side)) }

    /// Ends both sides; what has been passed on still leaves as far as the kernel has taken it.
    func end() {
        guard let onEnd else { return }
        self.onEnd = nil
        for side in [client!, instance!] where side.stream.isOpen {
            side.stream.shutDownSending()
            side.stream.close()
        }
        onEnd()
    }
}
