import Foundation
import Simulation
import Testing

struct ScenarioTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Scenarios")
    static let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)).map { $0.sorted() } ?? []

    /// With SCENARIOS_REWRITE=1 the stories are written anew with what happens now; the review is the difference.
    @Test(arguments: names) func `goes as the story tells`(name: String) throws {
        let file = Self.folder.appending(path: name)
        let story = try String(contentsOf: file, encoding: .utf8)
        let replayed = try Scenario.replay(story)
        if ProcessInfo.processInfo.environment["SCENARIOS_REWRITE"] == "1" {
            return try replayed.write(to: file, atomically: true, encoding: .utf8)
        }
        let differences = replayed.split(separator: "\n", omittingEmptySubsequences: false)
            .difference(from: story.split(separator: "\n", omittingEmptySubsequences: false))
        #expect(differences.isEmpty, "\(differences.map { "\($0)" }.joined(separator: "\n"))")
    }

    @Test func `there are stories`() { #expect(Self.names.count >= 12) }

    @Test func `an unreadable line is refused`() {
        #expect(throws: Scenario.Unreadable.self) { try Scenario.replay("begin\n\nsing 1") }
    }
}
