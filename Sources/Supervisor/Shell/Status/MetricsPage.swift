/// A page in Prometheus's text form; every name begins with `bunbase_supervisor_`.
struct MetricsPage {
    enum Form: String {
        case counter, gauge, histogram
    }

    private(set) var text = ""

    mutating func family(_ name: String, _ form: Form, _ help: String) {
        text += "# HELP bunbase_supervisor_\(name) \(help)\n# TYPE bunbase_supervisor_\(name) \(form.rawValue)\n"
    }

    mutating func sample(_ name: String, _ value: some Numeric, _ labels: KeyValuePairs<String, String> = [:]) {
        let inner = labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        text += "bunbase_supervisor_\(name)\(inner.isEmpty ? "" : "{\(inner)}") \(value)\n"
    }

    mutating func gauge(_ name: String, _ value: Int, _ help: String) {
        family(name, .gauge, help)
        sample(name, value)
    }

    mutating func counter(_ name: String, _ value: Int, _ help: String) {
        family(name, .counter, help)
        sample(name, value)
    }

    /// `counts` holds one more than `bounds`: what lies above the last.
    mutating func histogram(_ name: String, _ help: String, bounds: [Double], counts: [Int], sum: Double) {
        family(name, .histogram, help)
        var total = 0
        for (bound, count) in zip(bounds, counts) {
            total += count
            sample("\(name)_bucket", total, ["le": "\(bound)"])
        }
        total += counts[bounds.count]
        sample("\(name)_bucket", total, ["le": "+Inf"])
        sample("\(name)_sum", sum)
        sample("\(name)_count", total)
    }

    private static func escaped(_ label: String) -> String {
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
