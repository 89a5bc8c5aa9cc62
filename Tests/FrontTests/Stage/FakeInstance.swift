import Contracts
import Glibc
import Linux
import Nouns

/// An instance's listeners, and the process behind them: answers as the test decides, dies, is started again while
/// connections queue in the kernel.
final class FakeInstance {
    let endpoint: Endpoint
    /// Connections in the order in which they were accepted.
    private(set) var peers: [Peer] = []
    /// What the process does whenever bytes came.
    var onBytes: ((Peer) -> Void)?
    private let loop: EventLoop
    private let descriptor: Descriptor
    private var listener: Listener?

    /// - Parameter directory: where its socket lies; nil for a TCP port instead.
    init(_ instance: InstanceID, generation: UInt64 = 1, in directory: String?, on loop: EventLoop) throws {
        self.loop = loop
        let path = directory.map { "\($0)/\(instance.kind)-\(generation).sock" }
        if let path {
            descriptor = try Socket.listen(at: path, .stream)
        } else {
            descriptor = try Socket.listen(on: .loopback(port: 0))
        }
        endpoint = Endpoint(
            instance: instance, generation: Generation(generation),
            port: path == nil ? try Socket.localPort(of: descriptor) : 1, unix: path,
            handOff: directory.map { "\($0)/\(instance.kind)-\(generation).take" },
            token: Token(random: (generation, 2)))
        try start()
    }

    func start() throws {
        // The supervisor keeps the listener: the process has a copy.
        let copy = Descriptor(dup(descriptor.number))
        listener = try Listener(copy, on: loop) { [unowned self] socket in
            let peer = try! Peer(socket, on: self.loop)
            peers.append(peer)
            peer.onBytes = { [unowned self] in onBytes?($0) }
        }
    }

    /// As by SIGKILL: its connections end, the listener stays.
    func kill() {
        listener?.close()
        listener = nil
        for peer in peers { peer.close() }
        peers = []
    }

    /// The port is freed: nobody listens there any more.
    func release() {
        kill()
        Socket.shutDown(descriptor)
    }

    /// Answers each request whose head came with 200 and the body, if `body` gives one.
    func answer(_ body: @escaping (String) -> String?) {
        onBytes = { peer in
            var rest = peer.text
            while let end = rest.range("\r\n\r\n") {
                let request = String(rest[..<end.upperBound])
                rest = String(rest[end.upperBound...])
                if let body = body(request) {
                    peer.say("HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
                }
            }
            peer.forget()
            peer.unread(Array(rest.utf8))
        }
    }
}

extension String {
    func range(_ text: String) -> Range<String.Index>? { firstRange(of: text) }
}
