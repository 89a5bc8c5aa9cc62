import Foundation
import JSON

/// Measures what BunBase promises, with the real programs, and prints a table and JSON.
///
/// `bunbase-bench [--json FILE] [wake|kill|memory|idle|bundoc|bunder]…`; all of them by default.
@main
struct BenchMain {
    static let measurements: [(name: String, run: @Sendable () throws -> [Figure])] = [
        ("wake", WakeBench.run), ("kill", KillBench.run), ("memory", MemoryBench.run), ("idle", IdleBench.run),
        ("bundoc", BundocBench.run), ("bunder", BunderBench.run),
    ]

    static func main() throws {
        var arguments = CommandLine.arguments.dropFirst()
        var jsonPath: String?
        if arguments.first == "--json" {
            jsonPath = arguments.dropFirst().first
            arguments = arguments.dropFirst(2)
        }
        let known = Set(measurements.map(\.name))
        guard arguments.allSatisfy(known.contains) else {
            FileHandle.standardError.write(
                Data("usage: bench [--json FILE] [\(known.sorted().joined(separator: "|"))]…\n".utf8))
            exit(2)
        }
        signal(SIGPIPE, SIG_IGN)
        var figures: [Figure] = []
        for measurement in measurements where arguments.isEmpty || arguments.contains(measurement.name) {
            let found = try measurement.run()
            for figure in found { print(figure.line) }
            fflush(nil)
            figures += found
        }
        if let jsonPath {
            let array = JSONValue.array(figures.map(\.json))
            try Data(array.bytes).write(to: URL(filePath: jsonPath))
        }
    }
}
