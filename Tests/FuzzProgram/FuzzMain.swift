import CFuzz
import Foundation
import Fuzz
import Synchronization

/// Feeds a reader of outside bytes with what libFuzzer thinks of, and stops where a promise breaks.
///
/// - `bunbase-fuzz list` names the targets.
/// - `bunbase-fuzz TARGET seed DIRECTORY` writes what libFuzzer starts from: beginnings, and words beside them.
/// - `bunbase-fuzz TARGET try FILE…` repeats findings.
/// - `bunbase-fuzz TARGET OPTION… DIRECTORY` fuzzes; `scripts/fuzz` builds it so that it can.
@main
struct FuzzMain {
    /// libFuzzer calls a function without context.
    private static let chosen = Mutex<FuzzTarget?>(nil)

    static func main() {
        let arguments = CommandLine.arguments
        if arguments.dropFirst() == ["list"] { return print(FuzzTarget.all.map(\.name).joined(separator: "\n")) }
        guard arguments.count > 2, let target = FuzzTarget.all.first(where: { $0.name == arguments[1] }) else {
            complain("usage: bunbase-fuzz list | TARGET seed DIRECTORY | TARGET try FILE… | TARGET OPTION… DIRECTORY")
        }
        do {
            switch arguments[2] {
            case "seed" where arguments.count == 4: try seed(target, arguments[3])
            case "try": for path in arguments[3...] { try target.run(Data(contentsOf: URL(filePath: path))) }
            default: fuzz(target, [arguments[0]] + arguments[2...])
            }
        } catch {
            complain("\(target.name): \(error)")
        }
    }

    private static func fuzz(_ target: FuzzTarget, _ arguments: [String]) {
        chosen.withLock { $0 = target }
        var texts = arguments.map { strdup($0) } + [nil]
        let isRun = cfuzz_run(Int32(arguments.count), &texts) { bytes, count in
            guard let target = FuzzMain.chosen.withLock({ $0 }) else { return 0 }
            do {
                try target.run(UnsafeRawBufferPointer(start: bytes, count: count))
            } catch {
                fatalError("\(target.name): \(error)")
            }
            return 0
        }
        if !isRun { complain("built without libFuzzer; use scripts/fuzz") }
    }

    private static func seed(_ target: FuzzTarget, _ directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (index, seed) in target.seeds.enumerated() {
            try Data(seed).write(to: URL(filePath: "\(directory)/seed-\(index)"))
        }
        let words = target.words.map { word in
            "\"" + word.utf8.map { "\\x" + String(format: "%02x", $0) }.joined() + "\"\n"
        }
        try Data(words.joined().utf8).write(to: URL(filePath: "\(directory).words"))
    }

    private static func complain(_ words: String) -> Never {
        FileHandle.standardError.write(Data((words + "\n").utf8))
        exit(2)
    }
}
