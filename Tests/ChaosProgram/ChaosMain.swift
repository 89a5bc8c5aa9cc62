import Chaos
import Foundation
import Trial

/// Runs load and faults against a cluster of its own and judges what came of it.
///
/// `bunbase-chaos [--seed N] [--seconds N] [--projects N]`; exits with 1 when a promise was broken.
@main
struct ChaosMain {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        var plan = ChaosRun.Plan()
        plan.seed = UInt64.random(in: 1...1_000_000)
        var arguments = Array(CommandLine.arguments.dropFirst())
        while arguments.count >= 2, let number = UInt64(arguments[1]) {
            switch arguments[0] {
            case "--seed": plan.seed = number
            case "--seconds": plan.seconds = Int(number)
            case "--projects": plan.projects = Int(number)
            default: usage()
            }
            arguments.removeFirst(2)
        }
        guard arguments.isEmpty, plan.projects > 0 else { usage() }
        print("chaos: seed \(plan.seed), \(plan.projects) projects, \(plan.seconds) s")
        let result: ChaosRun.Result
        do {
            result = try ChaosRun(plan).run()
        } catch {
            FileHandle.standardError.write(Data("chaos: \(error)\n".utf8))
            exit(2)
        }
        let violations = HistoryChecker.violations(in: result.history)
        report("faults", result.faults.count)
        report("requests", result.history.entries.count)
        let waits = Percentiles(result.history.entries.map { $0.ended - $0.began })
        let slowest = [50, 90, 99, 100].map { "\($0)%: \(Int(waits.at($0).milliseconds)) ms" }
        print("  answered within: \(slowest.joined(separator: ", "))")
        report("failed, explained by a fault", result.history.failures - result.unexplained.count)
        list("failed without a fault that explains it", result.unexplained)
        list("broken promises about data", violations.map(\.description))
        list("not serving 5 s after the last fault", result.notRecovered)
        guard result.unexplained.isEmpty, violations.isEmpty, result.notRecovered.isEmpty else {
            print("chaos: FAILED; again with: scripts/chaos --seed \(plan.seed)")
            exit(1)
        }
        print("chaos: every promise held")
    }

    private static func report(_ what: String, _ number: Int) { print("  \(what): \(number)") }

    private static func list(_ what: String, _ lines: [String]) {
        report(what, lines.count)
        for line in lines.prefix(20) { print("    \(line)") }
    }

    private static func usage() -> Never {
        FileHandle.standardError.write(Data("usage: chaos [--seed N] [--seconds N] [--projects N]\n".utf8))
        exit(2)
    }
}
