import Yams

/// What comes up while a cluster file is read: the problems, where each value stands, and every key with its default.
final class Findings {
    typealias Problem = ConfigError.Problem

    /// A key that can stand in a file, and the text that means the same as leaving it out.
    struct Key: Hashable {
        var path: String
        var fallback: String
    }

    let file: String
    let environment: [String: String]
    private(set) var problems: [Problem] = []
    private(set) var keys: [Key] = []
    private var places: [String: Problem.Place] = [:]

    init(file: String, environment: [String: String]) {
        (self.file, self.environment) = (file, environment)
    }

    func note(_ path: String, fallback: String) { keys.append(Key(path: path, fallback: fallback)) }

    func place(_ path: String, at mark: Mark?) { places[path] = filePlace(mark) }

    func place(_ path: String, variable: String) { places[path] = .environment(variable) }

    /// Reports what was found at a node.
    func refuse(_ path: String, _ node: Node, allowed: String) {
        add(Problem(filePlace(node.mark), key: path, found: Self.text(node), allowed: allowed))
    }

    /// Reports a key that must not stand there.
    func refuse(_ path: String, at mark: Mark?, found: String, allowed: String) {
        add(Problem(filePlace(mark), key: path, found: found, allowed: allowed))
    }

    /// Reports a value that is well-formed by itself but does not fit the others: at its own place, or, where it
    /// came from a default, at the nearest section that stands in the file.
    func refuse(_ path: String, found: String, allowed: String) {
        var ancestor = Substring(path)
        while places[String(ancestor)] == nil, let end = ancestor.lastIndex(where: { $0 == "." || $0 == "[" }) {
            ancestor = ancestor[..<end]
        }
        let place = places[String(ancestor)] ?? .file(file, line: 1, column: 1)
        add(Problem(place, key: path, found: found, allowed: allowed))
    }

    func add(_ problem: Problem) { problems.append(problem) }

    /// In the file's order, the environment's first.
    func error() -> ConfigError {
        ConfigError(
            problems.enumerated().sorted { (order($0.element), $0.offset) < (order($1.element), $1.offset) }
                .map(\.element))
    }

    private func order(_ problem: Problem) -> Int {
        switch problem.place {
        case .environment: 0
        case .file(_, let line, let column): line << 16 + min(column, 65535)
        }
    }

    private func filePlace(_ mark: Mark?) -> Problem.Place {
        .file(file, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    static func text(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar) where scalar.string.isEmpty && scalar.style == .plain: "nothing"
        case .scalar(let scalar): quoted(scalar.string)
        case .mapping: "a mapping"
        case .sequence(let list): "a list of \(list.count)"
        case .alias: "an alias"
        }
    }

    static func quoted(_ text: String) -> String {
        "\"\(text.count > 60 ? text.prefix(60) + "…" : text)\""
    }
}
