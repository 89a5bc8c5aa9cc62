import Contracts
import Nouns
import Supervision

/// What values that are well-formed by themselves must not say together.
struct ClusterChecks {
    let file: ClusterFile
    let findings: Findings

    func run() {
        checkAddresses()
        checkCertificates()
        checkNeeds()
    }

    private var encrypted: [(key: String, address: Address?)] {
        [("addresses.https", file.https), ("addresses.resps", file.resps)]
    }

    /// Everything that is listened on lies apart.
    private func checkAddresses() {
        var taken: [(key: String, address: Address)] = []
        var all = [("addresses.http", file.http), ("addresses.resp", file.resp)]
        for (key, address) in encrypted { if let address { all.append((key, address)) } }
        all.append(("addresses.status", file.status))
        for (kind, program) in file.programs.sorted(by: { $0.key < $1.key }) {
            for (name, socket) in program.sockets.sorted(by: { $0.key < $1.key }) {
                if case .tcp(let address) = socket { all.append(("kinds.\(kind).sockets.\(name)", address)) }
            }
        }
        for (key, address) in all {
            if let other = taken.first(where: { $0.address.overlaps(address) }) {
                findings.refuse(
                    key, found: "\(address)", allowed: "an address that \(other.key) (\(other.address)) leaves free")
            }
            let pool = file.supervision.ports
            if pool.contains(address.port), address.host == "127.0.0.1" || address.isWildcard {
                findings.refuse(
                    key, found: "\(address)",
                    allowed: "a port outside the pool of ports, which is \(pool.lowerBound)-\(pool.upperBound)")
            }
            taken.append((key, address))
        }
        if !file.status.isLoopback {
            findings.refuse(
                "addresses.status", found: "\(file.status)",
                allowed: "a loopback address (127.0.0.1 or [::1]): whoever reaches it can read the status")
        }
    }

    /// Encryption needs a certificate; no two are shown for the same name.
    private func checkCertificates() {
        for (key, address) in encrypted where address != nil && file.tls.certificates.isEmpty {
            findings.refuse(key, found: "an address", allowed: "none while tls.certificates is empty")
        }
        var seen: [HostPattern: Int] = [:]
        for (index, certificate) in file.tls.certificates.enumerated() {
            for (position, host) in certificate.hosts.enumerated() {
                if let other = seen.updateValue(index, forKey: host) {
                    findings.refuse(
                        "tls.certificates[\(index)].hosts[\(position)]", found: "\(host)",
                        allowed: "a host that tls.certificates[\(other)] has not")
                }
            }
        }
    }

    /// Every need names a kind that can serve it, and no kind needs itself by way of others.
    private func checkNeeds() {
        let kinds = file.supervision.kinds
        for (kind, settings) in kinds.sorted(by: { $0.key < $1.key }) {
            for (index, need) in settings.needs.enumerated() {
                let key = "kinds.\(kind).needs[\(index)]"
                guard let needed = kinds[need] else {
                    let guess = Spelling.nearest(to: need.text, in: kinds.keys.map(\.text).sorted())
                    findings.refuse(
                        key, found: "the unknown kind \(need)\(guess.map { ", perhaps meant as \($0)" } ?? "")",
                        allowed: kinds.keys.sorted().map(\.text).joined(separator: ", "))
                    continue
                }
                if settings.scope == .service, needed.scope == .project {
                    findings.refuse(
                        key, found: "\(need), one for each project", allowed: "a kind of scope service, like \(kind)")
                }
                if let path = cycle(from: need, to: kind) {
                    findings.refuse(
                        key, found: "a circle: \(([kind] + path).map(\.text).joined(separator: " needs "))",
                        allowed: "needs that do not lead back to \(kind)")
                }
            }
        }
    }

    /// The way from a kind to another along needs; each kind is visited once.
    private func cycle(from start: Kind, to goal: Kind) -> [Kind]? {
        var seen: Set<Kind> = [start]
        var ways = [[start]]
        while let way = ways.popLast() {
            guard let last = way.last, last != goal else { return way }
            for next in file.supervision.kinds[last]?.needs ?? [] where seen.insert(next).inserted {
                ways.append(way + [next])
            }
        }
        return nil
    }

    func checkRoutes(_ routes: [Route]) {
        var places: Set<[String]> = []
        for (index, route) in routes.enumerated() {
            if !places.insert([route.host?.description ?? "", route.prefix]).inserted {
                findings.refuse(
                    "routes[\(index)].prefix", found: Findings.quoted(route.prefix),
                    allowed: "a prefix that no route above has for this host")
            }
            if case .project = route.host, let project = route.project {
                findings.refuse(
                    "routes[\(index)].project", found: Findings.quoted(project),
                    allowed: "none, since the host names the project")
            }
            if route.access == .anyone, !route.namesProject {
                findings.refuse(
                    "routes[\(index)].access", found: Findings.quoted(route.access.rawValue),
                    allowed: "key, unless the route has a host with {project}, or a project, so that it is known whose "
                        + "requests these are")
            }
            if file.supervision.kinds[route.kind]?.scope != .project {
                let projects = file.supervision.kinds.filter { $0.value.scope == .project }.keys.sorted()
                findings.refuse(
                    "routes[\(index)].kind", found: Findings.quoted(route.kind.text),
                    allowed: "a kind of scope project: \(projects.map(\.text).joined(separator: ", "))")
            }
        }
    }
}
