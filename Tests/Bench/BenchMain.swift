import Foundation
import JSON

/// Measures what BunBase promises, with the real programs, and prints a table and JSON.
///
/// `bunbase-bench [--json FILE] [--quick] [--urgent] [--only PROXY] [MEASUREMENT]…`; all of them by default.
@main
struct BenchMain {
    static let measurements: [(name: String, run: @Sendable (Options) throws -> [Figure])] = [
        ("wake", { _ in try WakeBench.run() }), ("kill", { _ in try KillBench.run() }),
        ("memory", { _ in try MemoryBench.run() }), ("idle", { _ in try IdleBench.run() }),
        ("bundoc", { _ in try BundocBench.run() }), ("bunder", { _ in try BunderBench.run() }),
        ("front", SmallRequestBench.run), ("front-wrk", WrkBench.run), ("front-bodies", BodyBench.run),
        ("front-held", HoldBench.run), ("front-tls", TLSBench.run), ("front-h2", HTTP2Bench.run),
        ("front-fairness", FairnessBench.run), ("front-isolation", IsolationBench.run),
        ("front-resp", HandOffBench.run),
    ]

    static func main() throws {
        if CommandLine.arguments.count == 3, CommandLine.arguments[1] == Bare.command {
            Bare.run(CommandLine.arguments[2])
        }
        var arguments = Array(CommandLine.arguments.dropFirst())
        var jsonPath: String?
        if let index = arguments.firstIndex(of: "--json"), index + 1 < arguments.count {
            jsonPath = arguments[index + 1]
            arguments.removeSubrange(index...index + 1)
        }
        var options = Options(
            isQuick: arguments.contains("--quick"), isUrgent: arguments.contains("--urgent"))
        if let index = arguments.firstIndex(of: "--only"), index + 1 < arguments.count {
            options.only = arguments[index + 1]
            arguments.removeSubrange(index...index + 1)
        }
        arguments.removeAll { $0 == "--quick" || $0 == "--urgent" }
        let known = Set(measurements.map(\.name))
        let names = known.sorted().joined(separator: "|")
        guard arguments.allSatisfy(known.contains) else {
            FileHandle.standardError.write(
                Data(
                    "usage: bench [--json FILE] [--quick] [--urgent] [--only PROXY] [\(names)]…\n"
                        .utf8
                ))
            exit(2)
        }
        signal(SIGPIPE, SIG_IGN)
        var figures: [Figure] = []
        for measurement in measurements where arguments.isEmpty || arguments.contains(measurement.name) {
            let found = measured(measurement.name) { try measurement.run(options) }
            for figure in found { print(figure.line) }
            fflush(nil)
            figures += found
        }
        if let jsonPath {
            let array = JSONValue.array(figures.map(\.json))
            try Data(array.bytes).write(to: URL(filePath: jsonPath))
        }
    }

    /// Ends with the reason when something cannot be measured.
    private static func measured(_ name: String, _ run: () throws -> [Figure]) -> [Figure] {
        do {
            return try run()
        } catch {
            FileHandle.standardError.write(Data("\(name): \(error)\n".utf8))
            exit(1)
        }
    }
}
