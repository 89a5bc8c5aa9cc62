import Nouns

/// What fronts and the supervisor say to each other on `RunPaths.lease`, one `SOCK_SEQPACKET` packet each.
///
/// A lease is a front's permission to send traffic to an instance. It is per front and instance, never per request:
/// the front gives it back after a while without requests. A crash of the process does not end a lease; sleep, stop,
/// quarantine and deletion do, by `revoke`.
///
/// Order: the front says `hello`, then `holds` for each lease it has (after a restart of the supervisor), then
/// `registered`. The supervisor says `welcome`, then the settings (`limits`, `route`…, `tls`,
/// `certificate`…, `http2`, `proxies`, `configured`), and again after
/// each reload of the cluster file.
package enum LeaseChannel {
    package static let version = 1

    package enum FromFront: Hashable, Sendable {
        /// `session` is drawn at random at the front's start.
        case hello(version: Int, session: UInt64)
        case holds(InstanceID, Generation)
        case registered
        /// Asks for a lease, waking the instance if need be. Answered once by `grant` or `refuse` with the ticket, at
        /// the latest when `wait` is over. One ticket stands for all of the front's requests that wait for it.
        case request(ticket: UInt64, InstanceID, wait: Duration)
        /// Nobody waits any more. No answer follows if none is under way.
        case withdraw(ticket: UInt64)
        /// Gives the lease back, or acknowledges a `revoke`: nothing of this front is under way there any more.
        case release(InstanceID, Generation)
    }

    package enum FromSupervisor: Hashable, Sendable {
        case welcome(version: Int, node: String)
        case limits(FrontLimits)
        /// In order of `index`, from 0. A new table begins with `index` 0.
        case route(index: Int, Route)
        /// Without the certificates, which follow in order of `index`, from 0.
        case tls(TLSSettings)
        /// With the descriptors of both files, chain first, if the supervisor can open them: the front's user may not.
        case certificate(index: Int, TLSSettings.Certificate)
        case http2(HTTP2Settings)
        case proxies(ProxySettings)
        case configured
        /// `woke`: the instance was not serving when the request came, so that those who waited are told so.
        case grant(ticket: UInt64, Endpoint, woke: Bool = false)
        case refuse(ticket: UInt64, Fault)
        /// No new requests; `release` when those under way are done, at the latest after `grace`. With a fault: end
        /// them at once with that answer.
        case revoke(InstanceID, Generation, grace: Duration, Fault?)
    }
}

extension LeaseChannel.FromFront {
    package var message: Message {
        var message: Message
        switch self {
        case .hello(let version, let session):
            message = Message("hello")
            message.set("VERSION", version)
            message.set("SESSION", session)
        case .holds(let instance, let generation):
            message = Message("holds", instance, generation)
        case .registered:
            message = Message("registered")
        case .request(let ticket, let instance, let wait):
            message = Message("request")
            message.set("TICKET", ticket)
            message.set("INSTANCE", instance)
            message.set("WAIT_MS", wait.millisecondsRoundedUp)
        case .withdraw(let ticket):
            message = Message("withdraw")
            message.set("TICKET", ticket)
        case .release(let instance, let generation):
            message = Message("release", instance, generation)
        }
        return message
    }

    package init(_ message: Message) throws(Message.Malformed) {
        switch message.type {
        case "hello":
            self = .hello(
                version: try message.required("VERSION") { Int($0) },
                session: try message.required("SESSION") { UInt64($0) })
        case "holds": self = .holds(try message.instance(), try message.generation())
        case "registered": self = .registered
        case "request":
            self = .request(
                ticket: try message.ticket(), try message.instance(),
                wait: try message.milliseconds("WAIT_MS"))
        case "withdraw": self = .withdraw(ticket: try message.ticket())
        case "release": self = .release(try message.instance(), try message.generation())
        default: throw Message.Malformed("an unknown type \(message.type)")
        }
    }
}

extension LeaseChannel.FromSupervisor {
    package var message: Message {
        var message: Message
        switch self {
        case .welcome(let version, let node):
            message = Message("welcome")
            message.set("VERSION", version)
            message.set("NODE", node)
        case .limits(let limits):
            message = Message("limits")
            limits.write(to: &message)
        case .route(let index, let route):
            message = Message("route")
            message.set("INDEX", index)
            route.write(to: &message)
        case .tls(let settings):
            message = Message("tls")
            settings.write(to: &message)
        case .certificate(let index, let certificate):
            message = Message("certificate")
            message.set("INDEX", index)
            certificate.write(to: &message)
        case .http2(let settings):
            message = Message("http2")
            settings.write(to: &message)
        case .proxies(let settings):
            message = Message("proxies")
            settings.write(to: &message)
        case .configured:
            message = Message("configured")
        case .grant(let ticket, let endpoint, let woke):
            message = Message("grant")
            message.set("TICKET", ticket)
            if woke { message.set("WOKE", 1) }
            endpoint.write(to: &message)
        case .refuse(let ticket, let fault):
            message = Message("refuse")
            message.set("TICKET", ticket)
            message.set(fault)
        case .revoke(let instance, let generation, let grace, let fault):
            message = Message("revoke", instance, generation)
            message.set("GRACE_MS", grace.millisecondsRoundedUp)
            if let fault { message.set(fault) }
        }
        return message
    }

    package init(_ message: Message) throws(Message.Malformed) {
        switch message.type {
        case "welcome":
            self = .welcome(
                version: try message.required("VERSION") { Int($0) }, node: try message.required("NODE"))
        case "limits": self = .limits(try FrontLimits(reading: message))
        case "route":
            self = .route(index: try message.required("INDEX") { Int($0) }, try Route(reading: message))
        case "tls": self = .tls(try TLSSettings(reading: message))
        case "certificate":
            self = .certificate(
                index: try message.required("INDEX") { Int($0) }, try TLSSettings.Certificate(reading: message))
        case "http2": self = .http2(try HTTP2Settings(reading: message))
        case "proxies": self = .proxies(try ProxySettings(reading: message))
        case "configured": self = .configured
        case "grant":
            self = .grant(
                ticket: try message.ticket(), try Endpoint(reading: message), woke: message["WOKE"] == "1")
        case "refuse": self = .refuse(ticket: try message.ticket(), try message.fault())
        case "revoke":
            self = .revoke(
                try message.instance(), try message.generation(), grace: try message.milliseconds("GRACE_MS"),
                message["CODE"] == nil ? nil : try message.fault())
        default: throw Message.Malformed("an unknown type \(message.type)")
        }
    }
}
