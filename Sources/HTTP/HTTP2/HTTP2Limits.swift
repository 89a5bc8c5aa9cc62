import HTTP

/// What a client may do on one HTTP/2 connection.
package struct HTTP2Limits: Hashable, Sendable {
    /// Requests under way at once; more are refused with REFUSED_STREAM.
    package var streamsMax = 128
    /// Of each request.
    package var head = HeadLimits()
    /// Bytes of a request's body that may be on their way, of one stream and of all together.
    package var streamWindow = 65_536
    package var connectionWindow = 1 << 20
    /// Requests that a client may take back, or have ended by breaking rules: so many at once, and so many each second
    /// (CVE-2023-44487). Beyond, the connection ends with ENHANCE_YOUR_CALM.
    package var resets = FloodGuard.Rate(burst: 200, perSecond: 50)
    /// Frames that ask for work and carry nothing: SETTINGS, PING, PRIORITY, empty DATA, WINDOW_UPDATE.
    package var controlFrames = FloodGuard.Rate(burst: 1_000, perSecond: 500)

    package init() {}
}
