/// A page in Prometheus's text form (version 0.0.4).
package struct MetricsPage {
    package enum Form: String {
        case counter, gauge, histogram
    }

    package private(set) var text = ""
    private let prefix: String

    /// - Parameter prefix: what each name begins with.
    package init(prefix: String) { self.prefix = prefix }

    /// Introduces samples of one name.
    package mutating func family(_ name: String, _ form: Form, _ help: String) {
        text += "# HELP \(prefix)\(name) \(help)\n# TYPE \(prefix)\(name) \(form.rawValue)\n"
    }

    package mutating func sample(
        _ name: String, _ value: some Numeric, _ labels: KeyValuePairs<String, String> = [:]
    ) {
        write(name, value, labels.map { ($0.key, $0.value) })
    }

    /// A family with one sample.
    package mutating func single(_ name: String, _ form: Form, _ help: String, _ value: some FixedWidthInteger) {
        family(name, form, help)
        sample(name, value)
    }

    /// One histogram of a family. `counts` holds one more than `bounds`: what lies above the last.
    package mutating func histogram<Count: FixedWidthInteger>(
        _ name: String, bounds: [Double], counts: [Count], sum: Double, _ labels: KeyValuePairs<String, String> = [:]
    ) {
        let labels = labels.map { ($0.key, $0.value) }
        var total: Count = 0
        for (bound, count) in zip(bounds, counts) {
            total += count
            write("\(name)_bucket", total, labels + [("le", "\(bound)")])
        }
        total += counts[bounds.count]
        write("\(name)_bucket", total, labels + [("le", "+Inf")])
        write("\(name)_sum", sum, labels)
        write("\(name)_count", total, labels)
    }

    private mutating func write(_ name: String, _ value: some Numeric, _ labels: [(String, String)]) {
        let inner = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        text += "\(prefix)\(name)\(inner.isEmpty ? "" : "{\(inner)}") \(value)\n"
    }

    private static func escaped(_ label: String) -> String {
        guard label.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return label }
        var escaped = ""
        for character in label {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
