import HTTP2Support
import Linux
import Testing

/// A client that speaks HTTP/2 to the front, in the clear.
typealias HTTP2Peer = FilteredPeer<FrameClient>

extension FilteredPeer where Filter == FrameClient {
    convenience init(_ peer: Peer) { self.init(peer, FrameClient()) }

    @discardableResult
    func request(_ fields: [(String, String)], isAll: Bool = true) -> UInt32 {
        defer { flush() }
        return client.request(fields, isAll: isAll)
    }

    func body(_ text: String, on stream: UInt32, isAll: Bool = true) {
        client.body(text, on: stream, isAll: isAll)
        flush()
    }

    func say(_ frame: Frame) {
        client.say(frame)
        flush()
    }

    subscript(_ stream: UInt32) -> FrameClient.Answer { client.answers[stream] ?? FrameClient.Answer() }
}

extension Stage {
    func http2() throws -> HTTP2Peer { HTTP2Peer(try client()) }

    /// The answer on a stream, once it is complete or the stream was reset.
    func answer(_ peer: HTTP2Peer, _ stream: UInt32) throws -> FrameClient.Answer {
        try until { peer[stream].isComplete || peer[stream].reset != nil || peer.peer.hasEnded }
        return peer[stream]
    }

    static func fields(_ method: String = "GET", _ path: String = "/v1/database/a") -> [(String, String)] {
        FrameClient.pseudo(method, path) + [("x-bunbase-client-key", key)]
    }
}
