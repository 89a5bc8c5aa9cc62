import Contracts
import Nouns

/// What the supervisor tells fronts of the cluster file: takes effect as a whole with `configured`.
package struct FrontSettings: Sendable {
    /// What the supervisor sent breaks the protocol; the channel is to be opened anew.
    package struct Violation: Error, Hashable, Sendable {
        package let reason: String
    }

    package private(set) var limits = FrontLimits()
    package var routes: RouteTable { active ?? RouteTable() }
    /// Whether the supervisor has said anything yet.
    package var isConfigured: Bool { active != nil }
    package private(set) var tls = TLSSettings()
    package private(set) var http2 = HTTP2Settings()
    package private(set) var proxies = ProxySettings()
    /// Nil until the supervisor has said which routes there are.
    package private(set) var active: RouteTable?
    private var nextTLS: TLSSettings?
    private var nextHTTP2: HTTP2Settings?
    private var nextProxies: ProxySettings?
    private var nextLimits: FrontLimits?
    private var nextRoutes: [Route]?

    package init() {}

    /// True when other settings hold from now on. Messages that are no settings change nothing.
    package mutating func apply(_ message: LeaseChannel.FromSupervisor) throws(Violation) -> Bool {
        switch message {
        case .limits(let limits):
            nextLimits = limits
        case .route(let index, let route):
            if index == 0 { nextRoutes = [] }
            guard index == nextRoutes?.count, index < RouteTable.routesMax else {
                throw Violation(reason: "route \(index) out of order")
            }
            guard route.prefix.hasPrefix("/"), route.prefix.hasSuffix("/"), route.rewrite.hasPrefix("/"),
                route.rewrite.hasSuffix("/")
            else { throw Violation(reason: "a route that does not begin and end with /") }
            nextRoutes?.append(route)
        case .tls(let settings): nextTLS = settings
        case .certificate(let index, let certificate):
            guard index == nextTLS?.certificates.count, index < TLSSettings.certificatesMax else {
                throw Violation(reason: "certificate \(index) out of order")
            }
            nextTLS?.certificates.append(certificate)
        case .http2(let settings): nextHTTP2 = settings
        case .proxies(let settings): nextProxies = settings
        case .configured:
            (tls, http2, proxies) = (nextTLS ?? tls, nextHTTP2 ?? http2, nextProxies ?? proxies)
            (nextTLS, nextHTTP2, nextProxies) = (nil, nil, nil)
            limits = nextLimits ?? limits
            active = RouteTable(nextRoutes ?? [])
            (nextLimits, nextRoutes) = (nil, nil)
            return true
        case .welcome, .grant, .refuse, .revoke: break
        }
        return false
    }
}
