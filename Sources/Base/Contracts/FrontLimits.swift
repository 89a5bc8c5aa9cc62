import Nouns

/// The limits of a front, from the cluster file. Each is checked where its queue, body or wait is.
package struct FrontLimits: Hashable, Sendable {
    /// Client connections open at once, HTTP and RESP together; more are answered 503 and closed.
    package var connectionsMax = 10_000
    /// Bytes of a request's head; more is 431.
    package var headMax = 16_384
    /// Fields of a head; more is 431.
    package var fieldsMax = 100
    /// How long a request waits for a sleeping or starting instance before 503.
    package var waitMax = Duration.seconds(10)
    /// From a connection's or request's first byte to the end of its head; longer is 408.
    package var headTimeout = Duration.seconds(10)
    /// Without a byte while a body is read or an answer written.
    package var bodyTimeout = Duration.seconds(30)
    /// Bytes a second that a body must bring, and a slow client take of its answer, in each `bodyTimeout`; 0: any byte.
    package var rateMin = 256
    /// A WebSocket without a byte in either direction.
    package var tunnelIdle = Duration.seconds(300)
    /// A client's connection between two requests.
    package var keepAlive = Duration.seconds(75)
    /// A pooled connection to an instance between two requests.
    package var upstreamIdle = Duration.seconds(30)
    /// Idle connections kept to one instance.
    package var upstreamsPerInstanceMax = 64
    /// How long a lease is kept without requests.
    package var linger = Duration.seconds(1)
    /// Bytes of heads, bodies and answers that each loop keeps in memory; beyond, new requests are 503.
    package var memoryMax = 256 << 20
    /// Of each project that has no others.
    package var project = ProjectLimits()
    /// Of each client address.
    package var client = ClientLimits()

    /// Which requests leave a line in the access log.
    package var accessLog = AccessLogging.off

    package init() {}

    func write(to message: inout Message) {
        message.set("CONNECTIONS_MAX", connectionsMax)
        message.set("HEAD_MAX", headMax)
        message.set("FIELDS_MAX", fieldsMax)
        message.set("WAIT_MS", waitMax.millisecondsRoundedUp)
        message.set("HEAD_MS", headTimeout.millisecondsRoundedUp)
        message.set("BODY_MS", bodyTimeout.millisecondsRoundedUp)
        message.set("RATE_MIN", rateMin)
        message.set("TUNNEL_IDLE_MS", tunnelIdle.millisecondsRoundedUp)
        message.set("KEEP_ALIVE_MS", keepAlive.millisecondsRoundedUp)
        message.set("UPSTREAM_IDLE_MS", upstreamIdle.millisecondsRoundedUp)
        message.set("UPSTREAMS_MAX", upstreamsPerInstanceMax)
        message.set("LINGER_MS", linger.millisecondsRoundedUp)
        message.set("ACCESS_LOG", accessLog.text)
        message.set("MEMORY_MAX", memoryMax)
        message.set("PROJECT_LIMITS", project.text)
        client.write(to: &message)
    }

    init(reading message: Message) throws(Message.Malformed) {
        connectionsMax = try message.required("CONNECTIONS_MAX") { Int($0) }
        headMax = try message.required("HEAD_MAX") { Int($0) }
        fieldsMax = try message.required("FIELDS_MAX") { Int($0) }
        waitMax = try message.milliseconds("WAIT_MS")
        headTimeout = try message.milliseconds("HEAD_MS")
        bodyTimeout = try message.milliseconds("BODY_MS")
        rateMin = try message.required("RATE_MIN") { Int($0) }
        tunnelIdle = try message.milliseconds("TUNNEL_IDLE_MS")
        keepAlive = try message.milliseconds("KEEP_ALIVE_MS")
        upstreamIdle = try message.milliseconds("UPSTREAM_IDLE_MS")
        upstreamsPerInstanceMax = try message.required("UPSTREAMS_MAX") { Int($0) }
        linger = try message.milliseconds("LINGER_MS")
        accessLog = try message.required("ACCESS_LOG") { AccessLogging($0) }
        memoryMax = try message.required("MEMORY_MAX") { Int($0) }
        project = ProjectLimits().overridden(
            by: try message.required("PROJECT_LIMITS") { ProjectLimits.Overrides($0) })
        client = try ClientLimits(reading: message)
    }
}
