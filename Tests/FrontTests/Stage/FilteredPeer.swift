import HTTP2Support
import TLSSupport

/// Turns what a client means into what goes over its connection, and back.
protocol PeerFilter: AnyObject {
    func takeOutgoing() -> [UInt8]
    func receive(_ bytes: [UInt8])
}

extension TLSClient: PeerFilter {}
extension FrameClient: PeerFilter {}

/// A client of the front that does not speak in the clear.
final class FilteredPeer<Filter: PeerFilter> {
    let peer: Peer
    let client: Filter

    init(_ peer: Peer, _ client: Filter) {
        (self.peer, self.client) = (peer, client)
        peer.onBytes = { [unowned self] _ in hear() }
        flush()
    }

    func flush() {
        let bytes = client.takeOutgoing()
        if !bytes.isEmpty { peer.say(bytes) }
    }

    private func hear() {
        let bytes = peer.received
        peer.forget()
        client.receive(bytes)
        flush()
    }
}
