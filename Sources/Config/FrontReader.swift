import Contracts
import Nouns
import Supervision
import Yams

/// Reads what the file says of the front: its limits and its routes.
struct FrontReader {
    static let routesMax = 512

    let findings: Findings

    func limits(_ preset: FrontLimits, from section: inout Section) -> FrontLimits {
        var limits = preset
        let waits = Form.duration(.milliseconds(10) ... .seconds(3600))
        limits.connectionsMax = section.value("connections_max", .count(1...1_000_000), default: limits.connectionsMax)
        limits.headMax = section.value("head_max", .size(1024...1 << 20), default: limits.headMax)
        limits.fieldsMax = section.value("fields_max", .count(8...1000), default: limits.fieldsMax)
        limits.waitMax = section.value("wait_max", waits, default: limits.waitMax)
        limits.headTimeout = section.value("head_timeout", waits, default: limits.headTimeout)
        limits.bodyTimeout = section.value("body_timeout", waits, default: limits.bodyTimeout)
        limits.rateMin = section.value("rate_min", .size(0...1 << 20), default: limits.rateMin)
        limits.tunnelIdle = section.value("tunnel_idle", waits, default: limits.tunnelIdle)
        limits.keepAlive = section.value("keep_alive", waits, default: limits.keepAlive)
        limits.upstreamIdle = section.value("upstream_idle", waits, default: limits.upstreamIdle)
        limits.upstreamsPerInstanceMax = section.value(
            "upstreams_per_instance_max", .count(1...10_000), default: limits.upstreamsPerInstanceMax)
        limits.linger = section.value("linger", waits, default: limits.linger)
        limits.accessLog = section.value("access_log", .accessLogging, default: limits.accessLog)
        limits.memoryMax = section.value("memory_max", .size(1 << 20...1 << 40), default: limits.memoryMax)
        var projects = section.section("limits")
        limits.project = self.projects(limits.project, from: &projects)
        var clients = section.section("clients")
        limits.client = self.clients(limits.client, from: &clients)
        section.finish()
        return limits
    }

    private func projects(_ preset: ProjectLimits, from section: inout Section) -> ProjectLimits {
        var limits = preset
        for key in ProjectLimits.Key.allCases {
            limits[key] = section.value(key.rawValue, key.form, default: preset[key])
        }
        section.finish()
        return limits
    }

    private func clients(_ preset: ClientLimits, from section: inout Section) -> ClientLimits {
        var limits = preset
        let counts = Form.count(1...1_000_000).orNoneForZero
        limits.connections = section.value("connections_max", counts, default: limits.connections)
        limits.handshakes = section.value("handshakes", counts, default: limits.handshakes)
        limits.badRequests = section.value("bad_requests", counts, default: limits.badRequests)
        limits.badRequestsBurst = section.value(
            "bad_requests_burst", .count(1...1_000_000), default: limits.badRequestsBurst)
        section.finish()
        return limits
    }

    // MARK: Routes

    /// The routes that the file lists; without a list, those to the standard kinds.
    func routes(_ file: ClusterFile, from top: inout Section) -> [Route] {
        findings.note("routes", fallback: "the two below")
        guard let items = top.list("routes", max: Self.routesMax) else {
            return Self.standardRoutes.filter { file.supervision.kinds[$0.kind] != nil }
        }
        let routes = items.compactMap { item -> Route? in
            guard item.node.mapping != nil else {
                findings.refuse(item.path, item.node, allowed: "a mapping with prefix, kind and rewrite")
                return nil
            }
            var section = Section(item.node, path: item.path, findings: findings)
            return route(from: &section)
        }
        ClusterChecks(file: file, findings: findings).checkRoutes(routes)
        return routes.sorted { ($0.prefix.utf8.count, $1.prefix) > ($1.prefix.utf8.count, $0.prefix) }
    }

    private func route(from section: inout Section) -> Route? {
        let host = section.value("host", Form<RouteHost>.routeHost.or("any"), default: nil)
        let prefix = section.required("prefix", .pathPrefix())
        let kind = section.required("kind", .kind)
        let rewrite = section.required("rewrite", .pathPrefix(allowing: "{project}"))
        let project = section.value("project", Form<String>.projectName.orNone, default: nil)
        let access = section.value("access", .word, default: Route.Access.key)
        let bodyMax = section.value("body_max", .size(0...1 << 40), default: 16 << 20)
        let timeout = section.value("timeout", .duration(.milliseconds(10) ... .seconds(3600)), default: .seconds(30))
        let cost = section.value("cost", .count(1...1_000), default: 1)
        let upgrades = section.value("upgrades", .flag, default: false)
        section.finish()
        guard let prefix, let kind, let rewrite else { return nil }
        return Route(
            host: host, prefix: prefix, kind: kind, rewrite: rewrite, project: project, access: access,
            bodyMax: bodyMax, timeout: timeout, cost: cost, upgrades: upgrades)
    }

    static let standardRoutes = [
        Route(
            prefix: "/v1/database/", kind: .bundoc, rewrite: "/v1/projects/{project}/databases/(default)/",
            bodyMax: 16 << 20, timeout: .seconds(30)),
        Route(
            prefix: "/v1/kv/", kind: .bunder, rewrite: "/kv/{project}/", bodyMax: 16 << 20, timeout: .seconds(30)),
    ]
}

extension Form where Value == RouteHost {
    static var routeHost: Form {
        Form(allowed: RouteHost.form) {
            RouteHost($0)
        } show: {
            $0.description
        }
    }
}

extension Form where Value == String {
    /// A project's id or slug.
    static var projectName: Form {
        .text("a project's slug or id: 1 to 128 of a-z, 0-9 and -") { name in
            (1...128).contains(name.utf8.count)
                && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        }
    }
}
