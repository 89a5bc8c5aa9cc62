import ArgumentParser
import Foundation
import JSON
import Nouns
import Terminal

/// Moves what runs to the programs that are installed now.
struct Upgrade: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Moves running processes to the programs that are installed now.",
        discussion: """
            Install the new programs first. Without --rolling it shows which processes run older ones. With it, the \
            supervisor moves first, then one project's instance after the other, then services, the front last: each \
            finishes what is under way, requests wait meanwhile, and none counts as crashed. It stops at the first \
            that does not become ready; what was not moved goes on as it was. It can be repeated, and interrupted.
            """)

    @Flag(help: "Move them, one by one.")
    var rolling = false

    @Option(help: "Seconds that each may take to finish and to become ready again.")
    var wait = 60

    func validate() throws {
        guard (1...3600).contains(wait) else { throw ValidationError("--wait is a number of seconds from 1 to 3600.") }
    }

    func run() throws {
        let cluster = try Cluster()
        var plan = UpgradePlan(try status(cluster))
        guard rolling else { return print(plan.text) }
        guard !plan.isDone else { return print("Everything runs the installed programs.") }
        let start = Date()
        if plan.isSupervisorOutdated { try moveSupervisor(cluster, from: plan.supervisor) }
        var moved = 0
        // What wakes meanwhile may still be given a warm process of the old program: they are looked for again.
        for _ in 0..<Self.roundsMax {
            plan = UpgradePlan(try status(cluster))
            if plan.outdatedWarm > 0 { try order(cluster, "/warm/renew") }
            guard !plan.steps.isEmpty else { break }
            for (index, step) in plan.steps.enumerated() {
                try move(cluster, step, "[\(index + 1)/\(plan.steps.count)]")
                moved += 1
            }
        }
        plan = UpgradePlan(try status(cluster))
        guard plan.isDone else { throw Failure(.refused, "Some processes still run older programs. \(plan.text)") }
        let seconds = String(format: "%.1f", Date().timeIntervalSince(start))
        print("Everything runs the installed programs; \(moved) processes moved in \(seconds) s.")
    }

    private static let roundsMax = 8

    private func status(_ cluster: Cluster) throws(Failure) -> JSONValue {
        try cluster.json(try cluster.supervisor("GET", "/status"))
    }

    private func order(_ cluster: Cluster, _ path: String) throws(Failure) {
        _ = try cluster.demand(try cluster.supervisor("POST", path, patience: .seconds(wait)))
    }

    /// It leaves everything running, and whoever started it starts it again.
    private func moveSupervisor(_ cluster: Cluster, from old: Int) throws(Failure) {
        let start = Date()
        try order(cluster, "/detach")
        while Date().timeIntervalSince(start) < Double(wait) {
            Thread.sleep(forTimeInterval: 0.05)
            guard let status = try? status(cluster), case let plan = UpgradePlan(status), plan.supervisor != old,
                status["state"]?.string == "ready"
            else { continue }
            return tell("", "supervisor", since: start)
        }
        throw Failure(
            .refused,
            "The supervisor did not come back within \(wait) s; projects run on without it. " + Self.wayBack
                + " It starts again by itself, or with: systemctl restart bunbase-supervisor"
                + " (bunbase up without systemd)"
        )
    }

    private func move(_ cluster: Cluster, _ step: UpgradePlan.Step, _ count: String) throws(Failure) {
        let start = Date()
        do throws(Failure) {
            for path in step.orders { try order(cluster, path) }
        } catch {
            throw Failure(
                .refused,
                "\(step.name) did not become ready with the installed program: \(error.message) What was not moved "
                    + "goes on as it was. " + Self.wayBack
                    + " \(step.name) comes back with it by itself; see: bunbase status")
        }
        tell(count, step.name, since: start)
    }

    private static let wayBack = "To go back, install the programs of before, then repeat: bunbase upgrade --rolling."

    private func tell(_ count: String, _ name: String, since start: Date) {
        let milliseconds = Int(Date().timeIntervalSince(start) * 1000)
        print([count, name, "moved in \(milliseconds) ms"].filter { !$0.isEmpty }.joined(separator: " "))
        // Also into a pipe line by line.
        fflush(nil)
    }
}
