import Conformance
import Foundation

/// Checks the rules of `Conformance` with the front beside it and says which do not hold: `bunbase-conform [WORD…]`
/// only those whose names contain a word.
@main
struct ConformMain {
    static func main() {
        let words = CommandLine.arguments.dropFirst()
        let theatre = Theatre()
        var broken = 0
        let chosen = Rule.all.filter { rule in words.isEmpty || words.contains { rule.name.contains($0) } }
        for rule in chosen {
            do {
                try theatre.check(rule)
            } catch {
                broken += 1
                print("BROKEN  \(rule.name) (\(rule.source)): \(error)")
            }
        }
        print("\(chosen.count - broken) of \(chosen.count) rules hold")
        exit(broken == 0 && !chosen.isEmpty ? 0 : 1)
    }
}
