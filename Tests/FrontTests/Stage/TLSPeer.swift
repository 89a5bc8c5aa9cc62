import Linux
import TLSSupport

/// A client that speaks TLS to the front.
final class TLSPeer {
    let peer: Peer
    let client: TLSClient

    init(_ peer: Peer, _ options: (inout TLSClient.Options) -> Void = { _ in }) {
        var chosen = TLSClient.Options()
        options(&chosen)
        (self.peer, client) = (peer, TLSClient(chosen))
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

    func say(_ text: String) {
        client.say(text)
        flush()
    }

    func say(_ bytes: [UInt8]) {
        client.say(bytes)
        flush()
    }
}
