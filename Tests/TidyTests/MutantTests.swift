import Foundation
import Testing

/// `scripts/mutants` plants bugs in what the sources say: its lists must know what they say now.
struct MutantTests {
    @Test(arguments: [
        ("mutants.txt", "Sources/Supervisor/Supervision/"), ("mutants-front.txt", "Sources/"),
        ("mutants-edge.txt", "Sources/"),
    ]) func `each planted bug still has its place`(list: String, folder: String) throws {
        let text = try String(contentsOf: TidyTests.root.appending(path: "scripts/\(list)"), encoding: .utf8)
        var names: Set<Substring> = []
        for block in text.trimmingCharacters(in: .newlines).components(separatedBy: "\n====\n") {
            let parts = (block + "\n").components(separatedBy: "\n----\n")
            try #require(parts.count == 3, "\(block)")
            let head = parts[0].split(separator: "\n").filter { !$0.hasPrefix("#") }
            try #require(head.count == 2, "\(block)")
            let file = TidyTests.root.appending(path: folder + head[1])
            let source = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            #expect(source.contains(parts[1]), "\(head[0]): \(head[1]) does not say so any more")
            #expect(names.insert(head[0]).inserted, "\(head[0]) stands there twice")
        }
    }
}
