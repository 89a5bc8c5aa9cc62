import Contracts
import Nouns
import Supervision
import Yams

/// Reads a whole cluster file from its tree, then checks what its parts say about each other.
struct ClusterReader {
    static let kindsMax = 32

    let findings: Findings
    let programDirectory: String
    /// Absolute; where the file's relative paths begin.
    let fileDirectory: String

    func read(_ root: Node?) -> ClusterFile {
        var top = Section(root, path: "", findings: findings)
        let home = Home(top.value("home", homeForm, default: fileDirectory + "/.bunbase", variable: "BUNBASE_HOME"))
        var file = ClusterFile(path: findings.file, home: home)
        file.node = top.value("node", nodeForm, default: file.node)
        file.isTesting = top.value("testing", .flag, default: file.isTesting)
        var addresses = top.section("addresses")
        file.http = addresses.value("http", .address, default: file.http, variable: "BUNBASE_HTTP")
        file.https = addresses.value("https", Form.address.orNone, default: file.https, variable: "BUNBASE_HTTPS")
        file.resp = addresses.value("resp", .address, default: file.resp, variable: "BUNBASE_RESP")
        file.resps = addresses.value("resps", Form.address.orNone, default: file.resps, variable: "BUNBASE_RESPS")
        file.status = addresses.value("status", .address, default: file.status, variable: "BUNBASE_STATUS")
        addresses.finish()
        file.supervision.ports = top.value(
            "ports", .ports, default: file.supervision.ports, variable: "BUNBASE_PORTS")
        var supervision = top.section("supervision")
        readSupervision(into: &file.supervision, from: &supervision)
        var front = top.section("front")
        file.frontLoops = front.value("loops", .loops, default: file.frontLoops)
        let transport = TransportReader(findings: findings, fileDirectory: fileDirectory)
        file.http2 = transport.readHTTP2(from: front.section("http2"))
        file.proxies = transport.readProxies(from: &front)
        file.front = FrontReader(findings: findings).limits(file.front, from: &front)
        file.tls = transport.readTLS(from: top.section("tls"))
        var logs = top.section("logs")
        file.logs = readLogs(file.logs, home: home, from: &logs)
        var isolation = top.section("isolation")
        file.isolation.users = isolation.value("uids", Form.users.orNone, default: file.isolation.users)
        file.isolation.isRequired = isolation.value("required", .flag, default: file.isolation.isRequired)
        isolation.finish()
        readKinds(into: &file, from: &top)
        readAlerts(into: &file, from: &top)
        file.routes = FrontReader(findings: findings).routes(file, from: &top)
        top.finish()
        for (name, address) in [(DescriptorName.https, file.https), (DescriptorName.resps, file.resps)] {
            if address != nil { file.programs[.front]?.sockets[name] = .inherited(name) }
        }
        ClusterChecks(file: file, findings: findings).run()
        return file
    }

    private func readSupervision(into settings: inout Supervision.Settings, from section: inout Section) {
        settings.startsMax = section.value("starts_max", .count(1...1024), default: settings.startsMax)
        settings.waitersPerInstanceMax = section.value(
            "waiters_per_instance_max", .count(1...100_000), default: settings.waitersPerInstanceMax)
        settings.projectsMax = section.value("projects_max", .count(1...100_000), default: settings.projectsMax)
        let waits = Form.duration(.milliseconds(10) ... .seconds(3600))
        settings.portRetry = section.value("port_retry", waits, default: settings.portRetry)
        settings.registrationTimeout = section.value(
            "registration_timeout", waits, default: settings.registrationTimeout)
        section.finish()
    }

    /// With somewhere to send them to, a service does it.
    private func readAlerts(into file: inout ClusterFile, from top: inout Section) {
        var section = top.section("alerts")
        let reader = AlertReader(home: file.home, node: file.node, fileDirectory: fileDirectory)
        guard let settings = reader.read(from: &section) else { return }
        if file.programs[.alerts] == nil {
            let reader = KindReader(
                home: file.home, programDirectory: programDirectory, fileDirectory: fileDirectory)
            var none = Section(nil, path: "kinds.alerts", findings: findings)
            (file.supervision.kinds[.alerts], file.programs[.alerts]) = reader.read(.alerts, from: &none)
        }
        file.programs[.alerts]?.settings = settings
    }

    private func readLogs(_ preset: LogSettings, home: Home, from section: inout Section) -> LogSettings {
        var logs = preset
        let form = Form<String>(allowed: "a path of 1 to 1024 bytes") { text in
            guard Self.isPath(text) else { return nil }
            return text.hasPrefix("/") ? text : home.directory + "/" + text
        } show: {
            $0.hasPrefix(home.directory + "/") ? String($0.dropFirst(home.directory.utf8.count + 1)) : $0
        }
        logs.directory = section.value("directory", form, default: logs.directory)
        logs.fileMax = section.value("file_max", .size(64 << 10...1 << 30), default: logs.fileMax)
        logs.filesKept = section.value("files_kept", .count(0...1000), default: logs.filesKept)
        section.finish()
        return logs
    }

    /// The kinds that the file lists; without a list, the standard ones.
    private func readKinds(into file: inout ClusterFile, from top: inout Section) {
        let reader = KindReader(home: file.home, programDirectory: programDirectory, fileDirectory: fileDirectory)
        let isListed = top.has("kinds")
        var kinds = top.section("kinds")
        if kinds.names.count > Self.kindsMax {
            findings.refuse("kinds", found: "\(kinds.names.count) kinds", allowed: "at most \(Self.kindsMax)")
        }
        for name in isListed ? Array(kinds.names.prefix(Self.kindsMax)) : KindPreset.standard.map(\.text) {
            guard let kind = Kind(name) else {
                let node = kinds.keyNode(name)
                findings.refuse(
                    kinds.subpath(name), at: node?.mark, found: Findings.quoted(name), allowed: Form<Kind>.kind.allowed)
                continue
            }
            var section = kinds.section(name)
            (file.supervision.kinds[kind], file.programs[kind]) = reader.read(kind, from: &section)
        }
        if file.programs[.platform] != nil, file.programs[.platform]?.settings["projects_max"] == nil {
            file.programs[.platform]?.settings["projects_max"] = "\(file.supervision.projectsMax)"
        }
        if let loops = file.frontLoops { file.programs[.front]?.settings["loops"] = "\(loops)" }
        // The front starts without the platform from the last key table that the platform wrote.
        if file.programs[.front] != nil, file.programs[.front]?.settings["keys_snapshot"] == nil {
            file.programs[.front]?.settings["keys_snapshot"] = file.home.data + "/platform/keys.table"
        }
    }

    private var homeForm: Form<String> {
        let directory = fileDirectory
        return Form(allowed: "a directory other than /, of 1 to 1024 bytes") { text in
            guard Self.isPath(text), text.contains(where: { $0 != "/" }) else { return nil }
            return Self.normalized(text.hasPrefix("/") ? text : directory + "/" + text)
        } show: {
            $0.hasPrefix(directory + "/") ? String($0.dropFirst(directory.utf8.count + 1)) : $0
        }
    }

    private var nodeForm: Form<String> {
        .text("a name: 1 to 64 of a-z, 0-9, - and ., beginning with a letter or digit") { name in
            let isWord = { (byte: UInt8) in (97...122).contains(byte) || (48...57).contains(byte) }
            return (1...64).contains(name.utf8.count) && isWord(name.utf8.first!)
                && name.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
        }
    }

    private static func isPath(_ text: String) -> Bool {
        (1...1024).contains(text.utf8.count) && !text.utf8.contains { $0 < 32 }
    }

    /// Without `.`, `..` and empty parts.
    static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
