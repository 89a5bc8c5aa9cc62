import TLSSupport

/// A client that speaks TLS to the front.
typealias TLSPeer = FilteredPeer<TLSClient>

extension FilteredPeer where Filter == TLSClient {
    convenience init(_ peer: Peer, _ options: (inout TLSClient.Options) -> Void = { _ in }) {
        var chosen = TLSClient.Options()
        options(&chosen)
        self.init(peer, TLSClient(chosen))
    }

    func say(_ text: String) { say(Array(text.utf8)) }

    func say(_ bytes: [UInt8]) {
        client.say(bytes)
        flush()
    }
}
