import Yams

/// One mapping of a cluster file while it is read.
///
/// Each key is asked for once, with its form and default; `finish` then refuses the keys that nobody asked for. A
/// value that is not of its form is reported, and its default is used so that reading goes on.
struct Section {
    /// The names of the file's keys, in its order.
    let names: [String]
    /// Empty at the top.
    let path: String
    let findings: Findings
    private let pairs: [(name: String, key: Node, value: Node)]
    private var asked: [String] = []

    /// Takes nothing and a mapping; reports all else.
    init(_ node: Node?, path: String, findings: Findings) {
        var pairs: [(String, Node, Node)] = []
        switch node {
        case nil: break
        case .mapping(let mapping):
            findings.place(path, at: mapping.mark)
            for (key, value) in mapping {
                guard let name = key.scalar?.string else {
                    findings.refuse(path, key, allowed: "a name as key")
                    continue
                }
                pairs.append((name, key, value))
            }
        case .scalar(let scalar) where scalar.string.isEmpty: findings.place(path, at: scalar.mark)
        case .some(let node): findings.refuse(path, node, allowed: "a mapping of keys to values")
        }
        self.pairs = pairs.map { (name: $0.0, key: $0.1, value: $0.2) }
        (self.path, self.findings, names) = (path, findings, pairs.map(\.0))
    }

    func has(_ name: String) -> Bool { names.contains(name) }

    /// The key's own place, for problems with its name.
    func keyNode(_ name: String) -> Node? { pairs.first { $0.name == name }?.key }

    func subpath(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// The value of a key, the environment's where a variable is named and set, else the file's, else the default.
    mutating func value<Value>(
        _ name: String, _ form: Form<Value>, default fallback: Value, variable: String? = nil
    ) -> Value {
        findings.note(subpath(name), fallback: form.show(fallback))
        let inFile = take(name).flatMap { read($0, form, at: subpath(name)) } ?? fallback
        guard let variable, let text = findings.environment[variable], !text.isEmpty else { return inFile }
        findings.place(subpath(name), variable: variable)
        if let value = form.read(text) { return value }
        findings.add(
            .init(.environment(variable), key: subpath(name), found: Findings.quoted(text), allowed: form.allowed))
        return inFile
    }

    /// The value of a key that has no default.
    mutating func required<Value>(_ name: String, _ form: Form<Value>) -> Value? {
        findings.note(subpath(name), fallback: "required")
        guard let node = take(name) else {
            findings.refuse(subpath(name), found: "nothing", allowed: "\(form.allowed); this key is required")
            return nil
        }
        return read(node, form, at: subpath(name))
    }

    mutating func section(_ name: String) -> Section {
        Section(take(name), path: subpath(name), findings: findings)
    }

    /// The items of a list, each with its path; nil when the key is absent.
    mutating func list(_ name: String, max: Int) -> [(node: Node, path: String)]? {
        guard let node = take(name) else { return nil }
        findings.place(subpath(name), at: node.mark)
        guard case .sequence(let items) = node else {
            findings.refuse(subpath(name), node, allowed: "a list of at most \(max)")
            return []
        }
        if items.count > max { findings.refuse(subpath(name), node, allowed: "a list of at most \(max)") }
        return items.prefix(max).enumerated().map { ($0.element, "\(subpath(name))[\($0.offset)]") }
    }

    mutating func values<Value>(_ name: String, _ form: Form<Value>, max: Int, default fallback: [Value]) -> [Value] {
        findings.note(subpath(name), fallback: "[\(fallback.map(form.show).joined(separator: ", "))]")
        return list(name, max: max)?.compactMap { read($0.node, form, at: $0.path) } ?? fallback
    }

    /// A mapping whose names are the operator's own.
    mutating func table<Value>(
        _ name: String, names nameForm: Form<String>, _ form: Form<Value>, max: Int, default fallback: [String: Value]
    ) -> [String: Value] {
        let shown = fallback.sorted { $0.key < $1.key }.map { "\($0.key): \(form.show($0.value))" }
        findings.note(subpath(name), fallback: "{\(shown.joined(separator: ", "))}")
        guard has(name) else {
            _ = take(name)
            return fallback
        }
        let section = section(name)
        if section.names.count > max {
            findings.refuse(section.path, found: "\(section.names.count) names", allowed: "at most \(max)")
        }
        var table: [String: Value] = [:]
        for pair in section.pairs.prefix(max) {
            guard nameForm.read(pair.name) != nil else {
                findings.refuse(section.subpath(pair.name), pair.key, allowed: nameForm.allowed)
                continue
            }
            table[pair.name] = section.read(pair.value, form, at: section.subpath(pair.name))
        }
        return table
    }

    /// Reports the keys that were not asked for.
    func finish() {
        for pair in pairs where !asked.contains(pair.name) {
            let guess = Spelling.nearest(to: pair.name, in: asked).map { ", perhaps meant as \($0)" } ?? ""
            findings.refuse(
                subpath(pair.name), at: pair.key.mark, found: "an unknown key\(guess)",
                allowed: asked.sorted().joined(separator: ", "))
        }
    }

    mutating func take(_ name: String) -> Node? {
        asked.append(name)
        return pairs.first { $0.name == name }?.value
    }

    func read<Value>(_ node: Node, _ form: Form<Value>, at path: String) -> Value? {
        findings.place(path, at: node.mark)
        guard let text = node.scalar?.string, let value = form.read(text) else {
            findings.refuse(path, node, allowed: form.allowed)
            return nil
        }
        return value
    }
}
