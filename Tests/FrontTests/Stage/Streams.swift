import Linux
import Testing

/// Answers without an end of their own.
enum Streams {
    struct Stream {
        let client: Peer
        let server: Peer
        /// How the instance's words look to the client.
        let isChunked: Bool
    }

    static let wish = Stage.get(
        "/v1/database/a", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")

    /// A client and an instance that have changed over; the route must allow it.
    static func tunnel(_ stage: Stage, _ instance: FakeInstance) throws -> Stream {
        try open(
            stage, instance, wish,
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    }

    /// A client that reads an instance's events.
    static func events(_ stage: Stage, _ instance: FakeInstance) throws -> Stream {
        try open(
            stage, instance, Stage.get(),
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    private static func open(
        _ stage: Stage, _ instance: FakeInstance, _ request: String, _ head: String
    ) throws -> Stream {
        let (client, count) = (try stage.client(), instance.peers.count)
        client.say(request)
        try stage.until { instance.peers.count > count && instance.peers.last!.text.hasSuffix("\r\n\r\n") }
        let server = instance.peers.last!
        server.forget()
        server.say(head)
        try stage.until { client.text.hasSuffix("\r\n\r\n") }
        client.forget()
        return Stream(client: client, server: server, isChunked: head.contains("chunked"))
    }

    /// What the instance says reaches the client; over a tunnel, what the client says the instance.
    static func check(_ stage: Stage, _ stream: Stream, _ sourceLocation: SourceLocation = #_sourceLocation) throws {
        stream.server.say(stream.isChunked ? "4\r\ntick\r\n" : "tick")
        try stage.until(sourceLocation) { stream.client.text.contains("tick") }
        stream.client.forget()
        #expect(!stream.client.hasEnded, sourceLocation: sourceLocation)
        guard !stream.isChunked else { return }
        stream.client.say("tock")
        try stage.until(sourceLocation) { stream.server.text.contains("tock") }
        stream.server.forget()
    }
}
