import JSON

/// Which processes run older programs than those that are installed, from a cluster's status, and in which order they
/// are moved: instances of projects before what all projects share, the front last, so that a program that does not
/// work is met where it touches one project.
package struct UpgradePlan {
    package struct Step: Hashable, Sendable {
        /// `PROJECT/KIND` or a service's name.
        package let name: String
        /// Paths to post to, in order.
        package let orders: [String]
    }

    /// Its pid.
    package let supervisor: Int
    package let isSupervisorOutdated: Bool
    package let outdatedWarm: Int
    package let steps: [Step]

    package init(_ status: JSONValue) {
        supervisor = status["pid"]?.int ?? 0
        isSupervisorOutdated = status["outdated"]?.bool == true
        outdatedWarm = status["warm_processes_outdated"]?.int ?? 0
        func outdated(_ list: String) -> [JSONValue] {
            (status[list]?.array ?? []).filter { $0["outdated"]?.bool == true }
        }
        let instances = outdated("instances").map { Self.instance($0) }
        let services = outdated("services").compactMap { $0["kind"]?.string }
        let inOrder = services.filter { $0 != "front" } + services.filter { $0 == "front" }
        steps = instances + inOrder.map { Step(name: $0, orders: ["/services/\($0)/restart"]) }
    }

    /// Drained, so that no request is under way to it, and started to see that the program works.
    private static func instance(_ value: JSONValue) -> Step {
        let ordinal = value["ordinal"]?.int ?? 0
        let name =
            "\(value["project"]?.string ?? "?")/\(value["kind"]?.string ?? "?")" + (ordinal == 0 ? "" : "/\(ordinal)")
        return Step(name: name, orders: ["/instances/\(name)/drain", "/instances/\(name)/start"])
    }

    package var isDone: Bool { !isSupervisorOutdated && outdatedWarm == 0 && steps.isEmpty }

    /// For people.
    package var text: String {
        guard !isDone else { return "Everything runs the installed programs." }
        var names = steps.map(\.name)
        if isSupervisorOutdated { names.insert("supervisor", at: 0) }
        if outdatedWarm > 0 { names.append("\(outdatedWarm) warm") }
        let shown = names.prefix(10).joined(separator: ", ")
        let more = names.count > 10 ? " and \(names.count - 10) more" : ""
        return "Older programs than installed run: \(shown)\(more). Move them with: bunbase upgrade --rolling"
    }
}
