import JSON

/// One instance's status (`GET /instances/PROJECT/KIND`) as lines, for people.
package struct InstanceText {
    private let instance: JSONValue
    private let style: Style

    package init(_ instance: JSONValue, _ style: Style) { (self.instance, self.style) = (instance, style) }

    package var text: String {
        let now = instance["observed_at"]?.string.flatMap(Human.milliseconds) ?? 0
        func ago(_ name: String) -> String? {
            guard let time = instance[name]?.string, let moment = Human.milliseconds(time) else { return nil }
            let span = Human.span(milliseconds: abs(now - moment))
            return moment > now ? "in \(span)" : "\(span) ago"
        }
        let lines: [(String, String?)] = [
            ("instance", "\(instance["project"]?.string ?? "?")/\(instance["kind"]?.string ?? "?")"),
            ("state", instance["observed"]?.string), ("wanted", instance["desired"]?.string),
            ("reason", instance["reason"]?.string), ("since", ago("since")),
            ("incarnation", number("incarnation")), ("pid", number("pid")), ("port", number("port")),
            ("restarts", number("restarts")), ("last exit", lastExit(now)), ("next attempt", ago("next_attempt")),
            ("leases", number("leases")), ("waiting", number("waiters")),
            ("busy", instance["busy"]?.bool.map { $0 ? "yes" : "no" }),
            ("memory", instance["memory_bytes"]?.integer.map(Human.bytes)),
            ("cpu", instance["cpu_seconds"]?.double.map(Human.cpu)),
        ]
        return lines.filter { $0.1 != nil && $0.1 != "" }.map { name, value in
            style.bold(name) + String(repeating: " ", count: 14 - name.count) + (value ?? "") + "\n"
        }.joined()
    }

    private func number(_ name: String) -> String? { instance[name]?.integer.map(String.init) }

    private func lastExit(_ now: Int64) -> String? {
        guard let exit = instance["last_exit"], let reason = exit["reason"]?.string else { return nil }
        let moment = exit["at"]?.string.flatMap(Human.milliseconds)
        return reason + (moment.map { ", \(Human.span(milliseconds: now - $0)) ago" } ?? "")
    }
}
