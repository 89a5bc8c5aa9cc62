import Alerting
import JSON
import Nouns
import Service

/// What the cluster file says about alerts, as it arrives with the assignment.
struct AlertSettings {
    var rules = AlertRules()
    /// `http://` or `https://`.
    var webhook: WebAddress?
    /// A file whose first line is sent as `Authorization`.
    var authorizationFile: String?
    /// A program and its arguments; empty: none.
    var command: [String] = []
    /// For one attempt.
    var timeout = Duration.seconds(10)
    var diskInterval = Duration.seconds(60)
    /// The cluster's directory.
    var home = "/"
    /// The node's name.
    var node = "local"

    init(_ settings: [String: String]) throws(StartFailure) {
        func milliseconds(_ name: String) -> Int64? { settings[name].flatMap { Int64($0) } }
        if let text = settings["webhook"] {
            guard let address = WebAddress(text) else { throw StartFailure("the webhook's address is malformed") }
            webhook = address
        }
        authorizationFile = settings["authorization_file"]
        if let text = settings["command"], let words = try? JSONValue(parsing: text).array {
            command = words.compactMap(\.string)
        }
        rules.repeatAfter = milliseconds("repeat") ?? rules.repeatAfter
        rules.pause = milliseconds("pause") ?? rules.pause
        rules.crashes = settings["crashes"].flatMap { Int($0) } ?? rules.crashes
        rules.crashPeriod = milliseconds("crash_period") ?? rules.crashPeriod
        rules.diskFreeMin = settings["disk_free_min"].flatMap { Int($0) } ?? rules.diskFreeMin
        timeout = milliseconds("timeout").map { .milliseconds($0) } ?? timeout
        diskInterval = milliseconds("disk_interval").map { .milliseconds($0) } ?? diskInterval
        home = settings["home"] ?? home
        node = settings["node"] ?? node
    }
}

/// The parts of an address that a webhook has.
struct WebAddress: Hashable, Sendable {
    var isSecure: Bool
    var host: String
    var port: String
    /// With its query, beginning with `/`.
    var path: String

    /// Nil when the text is no address of the two schemes, or carries a name and password.
    init?(_ text: String) {
        let schemes = [("https://", true), ("http://", false)]
        guard let (scheme, isSecure) = schemes.first(where: { text.hasPrefix($0.0) }) else { return nil }
        let rest = text.dropFirst(scheme.count)
        guard rest.utf8.allSatisfy({ (33...126).contains($0) }), !rest.contains("#") else { return nil }
        let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<slash]
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        self.isSecure = isSecure
        path = rest[slash...].hasPrefix("/") ? String(rest[slash...]) : "/" + rest[slash...]
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
            port = tail.isEmpty ? (isSecure ? "443" : "80") : String(tail.dropFirst())
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2, !parts[0].isEmpty else { return nil }
            host = String(parts[0])
            port = parts.count == 2 ? String(parts[1]) : isSecure ? "443" : "80"
        }
        guard UInt16(port).map({ $0 > 0 }) ?? false else { return nil }
    }

    /// For the `Host` field.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? "443" : "80") ? name : "\(name):\(port)"
    }
}
