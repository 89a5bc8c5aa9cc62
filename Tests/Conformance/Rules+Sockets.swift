import Trial

/// WebSocket connections, as bytes that go both ways behind a 101.
extension Rule {
    private static let wish =
        "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    private static let consent =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

    /// A client and an instance that have changed over.
    private static func open(_ scene: Scene) throws -> (BlockingConnection, BlockingConnection) {
        let client = try scene.client()
        let (head, upstream) = try scene.pass(scene.request("GET /v1/socket/a", fields: wish), from: client)
        try demand(head.lowercased().contains("\r\nconnection: upgrade\r\nupgrade: websocket\r\n"), head)
        try upstream.send(consent)
        let answer = try client.head()
        try demand(answer.hasPrefix("HTTP/1.1 101 "), answer)
        try demand(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), answer)
        return (client, upstream)
    }

    static let sockets: [Rule] = [
        Rule("changes over to a WebSocket where the route lets it, and passes bytes both ways", "RFC 6455 §4") {
            scene in
            let (client, upstream) = try open(scene)
            try client.send([0x81, 0x80, 1, 2, 3, 4])
            try demand(try upstream.read(count: 6) == [0x81, 0x80, 1, 2, 3, 4], "other bytes")
            try upstream.send([0x81, 0x01, 0x61])
            try demand(try client.read(count: 3) == [0x81, 0x01, 0x61], "other bytes")
        },
        Rule("does not take what follows a change of protocols for a request", "RFC 9110 §7.8") { scene in
            let (client, upstream) = try open(scene)
            let smuggled = "GET /v1/test/b HTTP/1.1\r\nHost: h\r\n\r\n"
            try client.send(smuggled)
            try demand(try upstream.head() == smuggled, "something else")
            try demand(!client.hasBytes(within: .milliseconds(20)), "an answer of the front")
        },
        Rule("lets each side of a WebSocket end by itself", "RFC 6455 §7.1.1") { scene in
            let (client, upstream) = try open(scene)
            client.endSending()
            try upstream.expectEnd()
            try upstream.send("last")
            try demand(try client.read(count: 4) == Array("last".utf8), "cut off")
            upstream.close()
            try client.expectEnd()
        },
        Rule("goes on with HTTP when the instance does not change over", "RFC 9110 §7.8") { scene in
            let client = try scene.client()
            let (_, upstream) = try scene.pass(scene.request("GET /v1/socket/a", fields: wish), from: client)
            try upstream.send(Scene.fine)
            try demand(try client.answer(to: "GET").text == "ok", "another answer")
            try client.send(scene.request())
            try demand(try upstream.head().hasPrefix("GET "), "no further request")
        },
        .refuses(
            "a WebSocket where the route has none", "our errors",
            "GET /v1/test/a HTTP/1.1\r\nHost: h\r\nX-Bunbase-Client-Key: {key}\r\n\(wish)\r\n", 501,
            "upgrade.unsupported", closes: false),
        Rule("ends a WebSocket that is silent", "our limits", .tight) { scene in
            let (client, upstream) = try open(scene)
            try client.expectEnd()
            try upstream.expectEnd()
        },
    ]
}
