import Foundation
import Yams

/// A scenario of `bunbase chaos`: how much load, which disturbances, how often, and what is allowed.
///
/// YAML like the cluster file, with the same forms and errors; every key stands in `cluster/chaos/standard.yaml`. What
/// is nil was not said.
package struct ScenarioFile: Hashable, Sendable {
    package var about = ""
    package var duration: Duration?
    package var quiet: Duration?
    package var projects: Int?
    /// Requests a second from each client, in hundredths.
    package var rate: Int?
    package var stores: [String]?
    package var pauseMin: Duration?
    package var pauseMax: Duration?
    /// By name; those that are not named keep their usual weight unless `onlyNamed`.
    package var weights: [String: Int] = [:]
    package var isOnlyNamed = false
    /// In a hundred of quiet's.
    package var latencyFactor: Int?
    package var latencySlack: Duration?
    package var heals: Duration?
    package var statusLag: Duration?

    package init() {}

    /// Reads a file. `stores` and `disturbances` are the names that there are.
    package static func load(
        path: String, stores: [String], disturbances: [String]
    ) throws(ConfigError) -> ScenarioFile {
        guard let data = FileManager.default.contents(atPath: path), data.count <= ClusterFile.bytesMax,
            let text = String(validating: data, as: UTF8.self)
        else {
            let problem = ConfigError.Problem(
                .file(path, line: 1, column: 1), key: "", found: "a file that cannot be read",
                allowed: "a YAML file of at most \(Size.text(ClusterFile.bytesMax))")
            throw ConfigError([problem])
        }
        return try parse(text, path: path, stores: stores, disturbances: disturbances)
    }

    /// Reads a file's text; `path` names it in errors.
    package static func parse(
        _ text: String, path: String, stores: [String], disturbances: [String]
    ) throws(ConfigError) -> ScenarioFile {
        let findings = Findings(file: path, environment: [:])
        let file = try read(text, findings, stores, disturbances)
        guard findings.problems.isEmpty else { throw findings.error() }
        return file
    }

    /// Every key that a scenario may have, without those of `disturbances`.
    package static var documentedKeys: [String] {
        let findings = Findings(file: "scenario.yaml", environment: [:])
        _ = try? read("{}", findings, [], [])
        return findings.keys.map(\.path).sorted()
    }

    private static func read(
        _ text: String, _ findings: Findings, _ stores: [String], _ disturbances: [String]
    ) throws(ConfigError) -> ScenarioFile {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            findings.add(ClusterFile.problem(error, in: findings.file))
            throw findings.error()
        }
        var top = Section(root, path: "", findings: findings)
        var file = ScenarioFile()
        let lengths = Form.duration(.milliseconds(1) ... .seconds(86_400))
        file.about = top.value("about", .text("a sentence of at most 500 bytes") { $0.utf8.count <= 500 }, default: "")
        file.duration = top.value("duration", lengths.orUsual, default: nil)
        file.quiet = top.value("quiet", lengths.orUsual, default: nil)
        file.projects = top.value("projects", Form.count(1...10_000).orUsual, default: nil)
        file.rate = top.value("rate", Form.hundredths(1...100_000).orUsual, default: nil)
        let store = Form<String>.text(stores.joined(separator: " or ")) { stores.contains($0) }
        let named = top.values("stores", store, max: 100, default: [])
        file.stores = named.isEmpty ? nil : named
        var pause = top.section("pause")
        file.pauseMin = pause.value("min", lengths.orUsual, default: nil)
        file.pauseMax = pause.value("max", lengths.orUsual, default: nil)
        pause.finish()
        file.isOnlyNamed = top.value("only_named", .flag, default: false)
        let name = Form<String>.text(disturbances.joined(separator: ", ")) { disturbances.contains($0) }
        file.weights = top.table("disturbances", names: name, Form.count(0...1000), max: 100, default: [:])
        var allowed = top.section("allowed")
        file.latencyFactor = allowed.value("latency_factor", Form.hundredths(100...100_000).orUsual, default: nil)
        file.latencySlack = allowed.value("latency_slack", lengths.orUsual, default: nil)
        file.heals = allowed.value("heals", lengths.orUsual, default: nil)
        file.statusLag = allowed.value("status_lag", lengths.orUsual, default: nil)
        allowed.finish()
        top.finish()
        return file
    }
}

extension Form {
    /// The form or nothing, which leaves what is usual.
    fileprivate var orUsual: Form<Value?> {
        let (read, show) = (read, show)
        return Form<Value?>(allowed: allowed) { text in
            read(text).map { .some($0) }
        } show: {
            $0.map(show) ?? "usual"
        }
    }
}

extension Form where Value == Int {
    /// A number with at most two digits behind the point, as hundredths.
    fileprivate static func hundredths(_ range: ClosedRange<Int>) -> Form {
        func show(_ value: Int) -> String { "\(Double(value) / 100)" }
        return Form(allowed: "a number from \(show(range.lowerBound)) to \(show(range.upperBound))") { text in
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count), let whole = Int(digits: parts[0]), whole <= 1_000_000 else {
                return nil
            }
            let rest = parts.count == 2 ? parts[1] : "0"
            guard rest.utf8.count <= 2, let part = Int(digits: rest) else { return nil }
            let value = whole * 100 + (rest.utf8.count == 1 ? part * 10 : part)
            return range.contains(value) ? value : nil
        } show: {
            "\(Double($0) / 100)"
        }
    }
}
