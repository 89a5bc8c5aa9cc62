import Config
import JSON
import Linux
import Nouns
import Supervision

extension Daemon {
    /// Reads the cluster file again. A file with a mistake changes nothing: it is logged and shown in the status.
    /// Running instances are not touched; what they are given at their start holds from their next one.
    @discardableResult
    func reconfigure() -> Fault? {
        manager.tellReloading()
        defer { manager.tellReloaded() }
        do throws(ConfigError) {
            let fresh = try reload()
            let needsRestart = cluster.keysNeedingRestart(changingTo: fresh)
            guard needsRestart.isEmpty else {
                return refuse(
                    "these keys hold from the next start only: \(needsRestart.joined(separator: ", "))", needsRestart)
            }
            cluster = fresh
            configuration = ConfigurationStatus(path: fresh.path, loadedAt: EventLoop.clock())
            children.programs = fresh.programs
            children.watchdogs = fresh.watchdogs
            fronts.configuration = frontConfiguration
            log.write(.info, "cluster file read again")
            take(.configured(fresh.supervision))
            services.keepOnly(fresh.programs)
            return nil
        } catch {
            return refuse(error.description, [])
        }
    }

    private func refuse(_ reason: String, _ keys: [String]) -> Fault {
        configuration.error = reason
        configuration.failedAt = EventLoop.clock()
        configuration.needsRestart = keys
        log.write(.error, "cluster file not taken over") { $0.member("reason", reason) }
        return Fault(422, "cluster_file.refused", "The cluster file was not taken over: \(reason)")
    }

    var frontConfiguration: Fronts.Configuration {
        Fronts.Configuration(
            node: cluster.node, limits: cluster.front, routes: cluster.routes, tls: cluster.tls, http2: cluster.http2,
            proxies: cluster.proxies,
            registrationTimeout: cluster.supervision.registrationTimeout)
    }
}
