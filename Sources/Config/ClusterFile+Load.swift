import Foundation
import Yams

extension ClusterFile {
    /// Bytes; a larger file is refused unread.
    package static let bytesMax = 1 << 20

    /// Reads the file and the environment's overrides (`BUNBASE_HOME`, `BUNBASE_HTTP`, `BUNBASE_RESP`,
    /// `BUNBASE_STATUS`, `BUNBASE_PORTS`), which win.
    ///
    /// `programDirectory` is where programs that are named without a path lie: beside the running executable.
    package static func load(
        path: String, environment: [String: String], programDirectory: String
    ) throws(ConfigError) -> ClusterFile {
        func refuse(_ found: String, _ allowed: String) -> ConfigError {
            ConfigError([.init(.file(path, line: 1, column: 1), key: "", found: found, allowed: allowed)])
        }
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            data = try file.read(upToCount: bytesMax + 1) ?? Data()
        } catch {
            let reason = ((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError)?.localizedDescription
            throw refuse("a file that cannot be read (\(reason ?? "\(error)"))", "a readable YAML file")
        }
        guard data.count <= bytesMax else { throw refuse("a larger file", "at most \(Size.text(bytesMax))") }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw refuse("bytes that are not UTF-8", "UTF-8 text")
        }
        return try parse(text, path: path, environment: environment, programDirectory: programDirectory)
    }

    /// Reads a file's text. `path` names it in errors; its directory is where its relative paths begin.
    package static func parse(
        _ text: String, path: String, environment: [String: String], programDirectory: String
    ) throws(ConfigError) -> ClusterFile {
        let findings = Findings(file: path, environment: environment)
        let file = try read(text, findings, programDirectory: programDirectory)
        guard findings.problems.isEmpty else { throw findings.error() }
        return file
    }

    /// Every key of a file with the text that means the same as leaving it out; those of the kinds for the standard
    /// kinds, those of a route once.
    package static var documentedKeys: [String: String] {
        let findings = Findings(file: "cluster.yaml", environment: [:])
        let example = "{routes: [{prefix: /a/, kind: bundoc, rewrite: /a/}]}"
        guard (try? read(example, findings, programDirectory: "/bin")) != nil else { return [:] }
        return Dictionary(findings.keys.map { ($0.path, $0.fallback) }) { first, _ in first }
    }

    private static func read(
        _ text: String, _ findings: Findings, programDirectory: String
    ) throws(ConfigError) -> ClusterFile {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            findings.add(problem(error, in: findings.file))
            throw findings.error()
        }
        let absolute = URL(fileURLWithPath: findings.file).standardizedFileURL.deletingLastPathComponent().path
        return ClusterReader(findings: findings, programDirectory: programDirectory, fileDirectory: absolute).read(root)
    }

    /// What the YAML reader says about a text that is not YAML, or that has a key twice.
    static func problem(_ error: any Error, in file: String) -> ConfigError.Problem {
        func at(_ mark: Mark?, _ found: String, _ allowed: String = "YAML") -> ConfigError.Problem {
            .init(
                .file(file, line: mark?.line ?? 1, column: mark?.column ?? 1), key: "", found: found, allowed: allowed)
        }
        return switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            at(mark, problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            at(context.mark, "the key \(duplicates.first ?? "") more than once", "each key once")
        case .reader(let problem, _, _, _): at(nil, problem)
        default: at(nil, "\(error)")
        }
    }
}
