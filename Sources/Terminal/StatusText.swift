import JSON

/// A cluster's status (`GET /status`) in words and tables, for people.
package struct StatusText {
    private let status: JSONValue
    private let style: Style
    private let now: Int64

    /// Spans are told from the moment at which the status was observed.
    package init(_ status: JSONValue, _ style: Style) {
        (self.status, self.style) = (status, style)
        now = status["observed_at"]?.string.flatMap(Human.milliseconds) ?? 0
    }

    package var text: String {
        var text = "\(headline)\n\n" + table(status["services"]?.array ?? [], isShared: true)
        let instances = status["instances"]?.array ?? []
        if !instances.isEmpty { text += "\n" + table(instances, isShared: false) }
        for note in notes { text += "\n\(style.paint(note, .yellow))\n" }
        return text
    }

    /// The state, and counts of what there is.
    private var headline: String {
        let state = status["state"]?.string ?? "unknown"
        let colour: Style.Colour = state == "ready" ? .green : state == "degraded" ? .red : .yellow
        let since = status["since"]?.string.map { " since \(span($0))" } ?? ""
        let ports = status["ports"]
        let parts = [
            status["node"]?.string.map { "node \($0)" },
            status["projects"]?.int.map { "\($0) project\($0 == 1 ? "" : "s")" },
            ports?["range"]?.string.map {
                "ports \($0): \(ports?["held"]?.int ?? 0) held, \(ports?["free"]?.int ?? 0) free"
            },
            status["warm_processes"]?.int.map { "\($0) warm" },
        ]
        return style.paint(state, colour) + since + parts.compactMap { $0 }.map { " · \($0)" }.joined()
    }

    /// What somebody should look at.
    private var notes: [String] {
        var notes: [String] = []
        if let error = status["configuration"]?["error"]?.string {
            notes.append("The cluster file was not taken over: \(error)")
        }
        if let failure = status["journal"]?["failure"]?.string {
            notes.append("The journal cannot be written: \(failure)")
        }
        let plan = UpgradePlan(status)
        if !plan.isDone { notes.append(plan.text) }
        if let taken = status["ports"]?["taken"]?.array, !taken.isEmpty {
            let ports = taken.compactMap(\.int).map(String.init).joined(separator: ", ")
            notes.append("Ports of the pool that other programs have: \(ports)")
        }
        for wall in status["isolation"]?["walls"]?.array ?? [] where wall["enforced"]?.bool == false {
            let note = wall["note"]?.string.map { ": \($0)" } ?? ""
            notes.append("Not kept apart here: \(wall["wall"]?.string ?? "something")\(note)")
        }
        for limit in status["isolation"]?["limits"]?.array ?? [] where limit["enforced"]?.bool == false {
            let note = limit["note"]?.string.map { ": \($0)" } ?? ""
            notes.append("Not enforced here: \(limit["limit"]?.string ?? "a limit")\(note)")
        }
        return notes
    }

    /// Services have no project, and sockets of their own instead of a port.
    package func table(_ instances: [JSONValue], isShared: Bool) -> String {
        let names: [(String, Table.Side)] = isShared ? [("SERVICE", .left)] : [("PROJECT", .left), ("KIND", .left)]
        let port: [(String, Table.Side)] = isShared ? [] : [("PORT", .right)]
        var table = Table(
            names + [("STATE", .left), ("SINCE", .right), ("PID", .right)] + port
                + [("RESTARTS", .right), ("MEMORY", .right), ("CPU", .right), ("REASON", .left)])
        for instance in instances { table.add(row(instance, isShared: isShared)) }
        return table.text(style)
    }

    private func row(_ instance: JSONValue, isShared: Bool) -> [Table.Cell] {
        let kind = instance["kind"]?.string ?? "?"
        let ordinal = instance["ordinal"]?.int ?? 0
        let name = Table.Cell(ordinal == 0 ? kind : "\(kind)/\(ordinal)")
        let restarts = instance["restarts"]?.int ?? 0
        return (isShared ? [name] : [Table.Cell(instance["project"]?.string ?? "?"), name]) + [
            state(instance), Table.Cell(instance["since"]?.string.map(span) ?? "-"), number(instance["pid"]),
        ] + (isShared ? [] : [number(instance["port"])]) + [
            Table.Cell("\(restarts)", restarts > 0 ? .yellow : nil),
            Table.Cell(instance["memory_bytes"]?.integer.map(Human.bytes) ?? "-"),
            Table.Cell(instance["cpu_seconds"]?.double.map(Human.cpu) ?? "-"), Table.Cell(reason(instance)),
        ]
    }

    private func number(_ value: JSONValue?) -> Table.Cell { Table.Cell(value?.int.map(String.init) ?? "-") }

    private func state(_ instance: JSONValue) -> Table.Cell {
        let observed = instance["observed"]?.string ?? "?"
        let desired = instance["desired"]?.string ?? observed
        let text = desired == observed || observed != "asleep" ? observed : "\(observed) (wants \(desired))"
        return switch observed {
        case "serving": Table.Cell(text, .green)
        case "backoff", "quarantined": Table.Cell(text, .red)
        case "asleep", "disabled": Table.Cell(text, .grey)
        default: Table.Cell(text, .yellow)
        }
    }

    /// Why it is so, when it is tried next, and how it ended last:
    /// `crashed; next attempt in 3 s; last exit: killed by SIGKILL 12 s ago`.
    package func reason(_ instance: JSONValue) -> String {
        var parts: [String] = []
        if let reason = instance["reason"]?.string, !reason.isEmpty { parts.append(reason) }
        if instance["outdated"]?.bool == true { parts.append("older program") }
        if let next = instance["next_attempt"]?.string.flatMap(Human.milliseconds) {
            parts.append(next > now ? "next attempt in \(Human.span(milliseconds: next - now))" : "next attempt now")
        }
        if let exit = instance["last_exit"], let how = exit["reason"]?.string {
            let ago = exit["at"]?.string.map { " \(span($0)) ago" } ?? ""
            parts.append("last exit: \(how)\(ago)")
        }
        return parts.joined(separator: "; ")
    }

    private func span(_ time: String) -> String {
        Human.milliseconds(time).map { Human.span(milliseconds: now - $0) } ?? "-"
    }
}
