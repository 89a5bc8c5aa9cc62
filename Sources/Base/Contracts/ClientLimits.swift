/// What one client address may do at a front. An IPv6 client is known by its network of 64 bits: that is what one
/// subscriber has.
///
/// Each loop of a front counts the clients that came to it; it allows its share of the numbers and some more, since
/// the kernel spreads connections by chance.
package struct ClientLimits: Hashable, Sendable {
    /// Connections open at once; 0: no limit.
    package var connections = 5_000
    /// New connections a second, with a second's worth at once; 0: no limit.
    package var handshakes = 0
    /// Requests a second that are refused for what they are: malformed, without or with an unknown key or token. A
    /// client that sends more is turned away for a while; 0: no limit.
    package var badRequests = 100
    /// So many of them may come at once after a pause.
    package var badRequestsBurst = 1_000

    package init() {}

    func write(to message: inout Message) {
        message.set("CLIENT_CONNECTIONS", connections)
        message.set("CLIENT_HANDSHAKES", handshakes)
        message.set("CLIENT_BAD_REQUESTS", badRequests)
        message.set("CLIENT_BAD_REQUESTS_BURST", badRequestsBurst)
    }

    init(reading message: Message) throws(Message.Malformed) {
        connections = try message.required("CLIENT_CONNECTIONS") { Int($0) }
        handshakes = try message.required("CLIENT_HANDSHAKES") { Int($0) }
        badRequests = try message.required("CLIENT_BAD_REQUESTS") { Int($0) }
        badRequestsBurst = try message.required("CLIENT_BAD_REQUESTS_BURST") { Int($0) }
    }
}
