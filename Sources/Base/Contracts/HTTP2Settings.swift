import Nouns

/// What a front allows on one HTTP/2 connection, from the cluster file.
package struct HTTP2Settings: Hashable, Sendable {
    /// Without it, HTTP/1.1 alone is spoken.
    package var isEnabled = true
    /// Requests under way at once; more are refused.
    package var streamsMax = 128
    /// Bytes of a request's body that may be on their way or wait here: of one request, and of all of a connection.
    package var streamWindow = 65_536
    package var connectionWindow = 1 << 20
    /// Requests a second that a client may take back, or have ended by breaking rules; the fourfold at once.
    package var resetsPerSecond = 50

    package init() {}

    func write(to message: inout Message) {
        message.set("ENABLED", isEnabled ? 1 : 0)
        message.set("STREAMS_MAX", streamsMax)
        message.set("STREAM_WINDOW", streamWindow)
        message.set("CONNECTION_WINDOW", connectionWindow)
        message.set("RESETS_PER_SECOND", resetsPerSecond)
    }

    init(reading message: Message) throws(Message.Malformed) {
        isEnabled = try message.required("ENABLED") == "1"
        streamsMax = try message.required("STREAMS_MAX") { Int($0) }
        streamWindow = try message.required("STREAM_WINDOW") { Int($0) }
        connectionWindow = try message.required("CONNECTION_WINDOW") { Int($0) }
        resetsPerSecond = try message.required("RESETS_PER_SECOND") { Int($0) }
    }
}
